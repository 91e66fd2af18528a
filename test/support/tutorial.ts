import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Finished } from './run-node.js';
import type { SourceCopy } from './source-copy.js';

/** A command, or a file to write, in the order of the tutorial. */
export type Step = { readonly command: string } | { readonly file: string; readonly text: string };

const FENCE = /^```(\w+)\n(.*?)^```$/gms;
const FILE = /^\/\/ ((?:src|test)\/[\w./-]+\.ts)\n(.*)$/s;
const NEST = 'node_modules/@nestjs/cli/bin/nest.js';

/** Returns the steps of docs/tutorial.md. Throws if a block of code is neither commands nor a file. */
export function readTutorial(): Step[] {
  return [...readFileSync('docs/tutorial.md', 'utf8').matchAll(FENCE)].flatMap(([, language, block = '']): Step[] => {
    if (language === 'sh')
      return block
        .trim()
        .split('\n')
        .map((command) => ({ command }));
    const [, file, text] = FILE.exec(block) ?? [];
    if (language !== 'ts' || file === undefined || text === undefined)
      throw new Error(`This block is neither commands nor a file:\n${block}`);
    return [{ file, text }];
  });
}

/** Writes a file of the tutorial. */
export function writeStep({ folder }: SourceCopy, { file, text }: { file: string; text: string }): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}

/** Runs `npx nest …` or `npm run …`. */
export function runStep(source: SourceCopy, command: string): Promise<Finished> {
  const [program = '', first = '', ...rest] = command.split(' ').filter((word) => word !== '--');
  if (program === 'npx' && first === 'nest') return source.run(NEST, ...rest);
  const [script = '', ...args] = rest;
  if (program === 'npm' && first === 'run') return source.npm(script, ...args);
  throw new Error(`The test of the tutorial cannot run this command: ${command}`);
}
