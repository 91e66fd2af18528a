import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Finished } from './run-node.js';
import { SourceCopy } from './source-copy.js';

/** A command, or a file to write, in the order of the tutorial. */
export type Step = { readonly command: string } | { readonly file: string; readonly text: string };

const FENCE = /^```(\w+)\n(.*?)^```$/gms;
const FILE = /^\/\/ ((?:src|test)\/[\w./-]+\.ts)\n(.*)$/s;

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

/** Copies the source, without the files of the tutorial, which a developer may have written in this checkout. */
export function copyWithoutTutorial(): SourceCopy {
  const source = SourceCopy.create();
  const pathOf = (file: string) => join(source.folder, file);
  const isPart = (file: string) =>
    /^test\/e2e\/(shared-)?notes\.spec\.ts$/.test(file) ||
    (file.startsWith('migrations/') && /TABLE "?(notes|note_shares)\b/.test(source.read(file)));
  for (const file of source.files('migrations', 'test').filter(isPart)) rmSync(pathOf(file));
  rmSync(pathOf('src/notes'), { recursive: true, force: true });
  const text = source.read('src/app.module.ts').replaceAll(/^(import .* '\.\/notes\/.*| *NotesModule,)\n/gm, '');
  writeFileSync(pathOf('src/app.module.ts'), text);
  return source;
}

/** Writes a file of the tutorial. */
export function writeStep({ folder }: SourceCopy, { file, text }: { file: string; text: string }): void {
  mkdirSync(dirname(join(folder, file)), { recursive: true });
  writeFileSync(join(folder, file), text);
}

/** Runs `npx nest …` or `npm run …`. */
export function runStep(source: SourceCopy, command: string): Promise<Finished> {
  const [program = '', first = '', ...rest] = command.split(' ').filter((word) => word !== '--');
  if (program === 'npx' && first === 'nest') return source.nest(...rest);
  const [script = '', ...args] = rest;
  if (program === 'npm' && first === 'run') return source.npm(script, ...args);
  throw new Error(`The test of the tutorial cannot run this command: ${command}`);
}
