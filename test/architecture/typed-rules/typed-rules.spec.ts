import { readFileSync } from 'node:fs';
import { ESLint } from 'eslint';
import tseslint from 'typescript-eslint';
import { runNode } from '../../support/run-node.js';

/** A file that breaks each typed rule. The comment above a line names the rules that the line breaks. */
const VIOLATIONS = 'test/architecture/typed-rules/violations.ts';
const NAMES = /^ *\/\/ ([a-z-]+(?:, [a-z-]+)*)$/;

type Rules = Record<string, string | [string, ...unknown[]]>;
interface Diagnostics {
  diagnostics: { code: string; labels: { span: { line: number } }[] }[];
}

describe('the typed lint rules', () => {
  const { overrides } = JSON.parse(readFileSync('.oxlintrc.json', 'utf8')) as { overrides: { rules: Rules }[] };
  const [sourceRules, testRules] = overrides.map(({ rules }) => rules);
  const planted = readFileSync(VIOLATIONS, 'utf8')
    .split('\n')
    .flatMap(
      (line, index) =>
        NAMES.exec(line)?.[1]
          ?.split(', ')
          .map((rule) => ({ rule, line: index + 2 })) ?? [],
    );

  it('each have a planted violation', () => {
    const names = planted.map(({ rule }) => rule);
    expect(new Set(names)).toEqual(new Set(Object.keys(sourceRules ?? {}).map(bareName)));
  });

  it('report exactly the planted violations', async () => {
    const args = ['--type-aware', '--format=json', VIOLATIONS];
    const { stdout } = await runNode('node_modules/oxlint/bin/oxlint', args);
    const reported = (JSON.parse(stdout) as Diagnostics).diagnostics.map(({ code, labels }) => ({
      rule: /\((.*)\)/.exec(code)?.[1],
      line: labels[0]?.span.line,
    }));
    expect(new Set(reported)).toEqual(new Set(planted));
  });

  it.each([
    ['source', 'src/main.ts', sourceRules],
    ['test', 'test/architecture/typed-rules/typed-rules.spec.ts', { ...sourceRules, ...testRules }],
  ])('are the same for a %s file in oxlint and ESLint', async (_, file, rules) => {
    const linter = new ESLint({ overrideConfigFile: 'eslint.typed.config.js' });
    const { rules: all } = (await linter.calculateConfigForFile(file)) as {
      rules: Record<string, [number, ...unknown[]]>;
    };
    const typed = Object.entries(all).filter(([name, [severity]]) => severity > 0 && needsTypes(name));
    const enabled = Object.entries(rules ?? {}).filter(([, setting]) => setting !== 'off');
    expect(new Map(enabled.map(([name, setting]) => [bareName(name), [setting].flat().slice(1)]))).toEqual(
      new Map(typed.map(([name, [, ...options]]) => [bareName(name), options])),
    );
  });
});

/** Drops the name of the plugin. */
function bareName(rule: string): string {
  return rule.replace(/^.*\//, '');
}

function needsTypes(rule: string): boolean {
  const { rules } = tseslint.plugin as unknown as {
    rules: Record<string, { meta: { docs: { requiresTypeChecking?: boolean } } }>;
  };
  return rule.startsWith('@typescript-eslint/') && rules[bareName(rule)]?.meta.docs.requiresTypeChecking === true;
}
