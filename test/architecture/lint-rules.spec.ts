import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';

/** The names of the lint rules that a text breaks, as if it stood in the file. */
async function brokenRules(file: string, source: string): Promise<string[]> {
  const args = [
    '--config',
    'test/architecture/untyped.eslint.config.js',
    '--format',
    'json',
    '--stdin',
    '--stdin-filename',
  ];
  const child = spawn(process.execPath, ['node_modules/eslint/bin/eslint.js', ...args, file]);
  child.stdin.end(source);
  const [result] = JSON.parse(await text(child.stdout)) as [{ messages: { ruleId: string }[] }];
  return result.messages.map(({ ruleId }) => ruleId);
}

describe('the lint rules', () => {
  it('let only src/config/env.ts read the environment', async () => {
    const source = 'export const port = process.env;\n';
    expect(await brokenRules('src/users/users.service.ts', source)).toEqual(['no-restricted-properties']);
    expect(await brokenRules('src/config/env.ts', source)).toEqual([]);
  });

  it('keep HTTP exceptions to guards and the problem filter', async () => {
    const source =
      "import { NotFoundException } from '@nestjs/common';\n\nexport const error = new NotFoundException();\n";
    expect(await brokenRules('src/users/users.service.ts', source)).toEqual(['no-restricted-imports']);
    expect(await brokenRules('src/auth/jwt-auth.guard.ts', source)).toEqual([]);
  });

  it('refuse a source file of more than 200 lines', async () => {
    const lines = (count: number) => 'export {};\n'.repeat(count);
    expect(await brokenRules('src/users/users.service.ts', lines(201))).toEqual(['max-lines']);
    expect(await brokenRules('src/users/users.service.ts', lines(200))).toEqual([]);
  });
});
