// Compiles the TypeScript that `npm start`, the migrations and the commands run to `dist`. It does not check types.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { mkdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { runMain } from './run.js';
import { SWC_OPTIONS } from './swc.js';

const SOURCES = ['src', 'migrations', 'ormconfig.ts'];
const SETTINGS = ['scripts/build.js', 'scripts/swc.js'];
/** Its time is when the last build started. */
const STAMP = 'dist/.built';

/** Whether `dist` is at least as new as every source. Without sources, `dist` is all there is. */
export function isBuilt() {
  if (!existsSync('src')) return true;
  return existsSync(STAMP) && Math.max(...[...SOURCES, ...SETTINGS].map(lastChange)) <= statSync(STAMP).mtimeMs;
}

/** Builds if a source changed since the last build. An install without a compiler runs the `dist` that it has. */
export async function ensureBuilt() {
  if (!isBuilt() && (await compiler())) await build();
}

/** Builds, and writes only the files that changed, so that a running application does not lose its files. */
export async function build() {
  const swc = await compiler();
  if (!swc) throw new Error('There is no compiler: run npm ci with the development dependencies.');
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

/** swc, a development dependency. */
function compiler() {
  return import('@swc/core').catch(() => undefined);
}

/** @param {string} file */
function isSource(file) {
  return file.endsWith('.ts') && !file.endsWith('.spec.ts') && !file.endsWith('.d.ts');
}

/** @param {string} file @param {string} text */
async function writeIfChanged(file, text) {
  if (text === (await readFile(file, 'utf8').catch(() => undefined))) return;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, text);
}

/** The file itself, or all files below the folder. @param {string} path @returns {string[]} */
function files(path) {
  if (!existsSync(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => files(join(path, name)));
}

/** The time of the last change of a file or below a folder. A deletion changes its folder. @param {string} path @returns {number} */
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
