// Compiles the TypeScript that `npm start`, the migrations and the commands run to `dist`. It does not check types.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { runMain } from './run.js';
import { SWC_OPTIONS } from './swc.js';

const SOURCES = ['src', 'migrations', 'ormconfig.ts'];
const SETTINGS = ['scripts/build.js', 'scripts/swc.js'];
/** The modification time of this file is the start of the last build. */
const STAMP = 'dist/.built';

/** Returns whether `dist` is at least as new as every source. Returns true in an install without sources. */
export function isBuilt() {
  if (!existsSync('src')) return true;
  return existsSync(STAMP) && Math.max(...[...SOURCES, ...SETTINGS].map(lastChange)) <= statSync(STAMP).mtimeMs;
}

/** Builds if a source changed since the last build. Does nothing in an install without a compiler. */
export async function ensureBuilt() {
  if (!isBuilt() && (await compiler())) await build();
}

/** Builds, and writes only the files that changed, so that a running application does not lose its files. */
export async function build() {
  const swc = await compiler();
  if (!swc) throw new Error('The compiler is missing. Run npm ci with the development dependencies.');
  const startedAt = new Date();
  const compiled = await Promise.all(
    SOURCES.flatMap(files)
      .filter(isSource)
      .map((file) => compile(swc, file)),
  );
  const outputs = new Map([...compiled.flat(), [STAMP, '']]);
  await Promise.all(files('dist').map((file) => (outputs.has(file) ? undefined : rm(file))));
  await Promise.all([...outputs].map(([file, text]) => writeIfChanged(file, text)));
  await utimes(STAMP, startedAt, startedAt);
}

/** @param {typeof import('@swc/core')} swc @param {string} file @returns {Promise<[file: string, text: string][]>} */
async function compile(swc, file) {
  const output = join('dist', file.replace(/\.ts$/, '.js'));
  const { code, map = '' } = await swc.transform(await readFile(file, 'utf8'), {
    ...SWC_OPTIONS,
    filename: file,
    sourceFileName: relative(dirname(output), file),
    sourceMaps: true,
    inlineSourcesContent: false,
  });
  return [
    [output, `${code}//# sourceMappingURL=${basename(output)}.map\n`],
    [`${output}.map`, map],
  ];
}

/** Returns swc, or undefined in an install without development dependencies. */
function compiler() {
  return import('@swc/core').catch(() => undefined);
}

/** @param {string} file */
function isSource(file) {
  return file.endsWith('.ts') && !/(?:[.-]spec|\.d)\.ts$/.test(file);
}

/** @param {string} file @param {string} text */
async function writeIfChanged(file, text) {
  if (text === (await readFile(file, 'utf8').catch(() => undefined))) return;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

/** Returns the file itself, or all files below the folder. @param {string} path @returns {string[]} */
function files(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => files(join(path, name)));
}

/** Returns when a file or folder last changed. Deleting a file changes its folder. @param {string} path @returns {number} */
function lastChange(path) {
  if (!existsSync(path)) return 0;
  const stat = statSync(path);
  const children = stat.isDirectory() ? readdirSync(path).map((name) => lastChange(join(path, name))) : [];
  return Math.max(stat.mtimeMs, ...children);
}

if (process.argv[1] === import.meta.filename) {
  runMain(async () => {
    await build();
    return 0;
  });
}
