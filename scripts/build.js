// Compiles what `npm start`, the migrations and the command line run, if it is not up to date.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { runNode } from './run.js';

const SOURCES = ['src', 'migrations', 'ormconfig.ts', 'tsconfig.json', 'tsconfig.build.json', 'nest-cli.json'];
const STAMP = 'dist/.tsbuildinfo';
const require = createRequire(import.meta.url);

/** Whether `dist` is at least as new as every source. Where there are no sources, `dist` is all there is. */
export function isBuilt() {
  if (!existsSync('src')) return true;
  return existsSync(STAMP) && Math.max(...SOURCES.map(newest)) <= statSync(STAMP).mtimeMs;
}

/** Builds, if anything changed since the last build. Where no compiler is installed, `dist` is what was shipped. */
export async function ensureBuilt() {
  if (!isBuilt() && compiler()) await build();
}

/** @param {AbortSignal} [signal] */
export async function build(signal) {
  const nest = compiler();
  if (!nest) throw new Error('There is no compiler: run npm ci with the development dependencies.');
  if ((await runNode([nest, 'build'], { ...(signal && { signal }) })) !== 0) throw new Error('The build failed.');
}

/** Nest's command line, a development dependency. */
function compiler() {
  try {
    return require.resolve('@nestjs/cli/bin/nest.js');
  } catch {
    return undefined;
  }
}

/** The time of the last change in a file or below a folder; a deletion changes its folder. @param {string} path @returns {number} */
function newest(path) {
  if (!existsSync(path)) return 0;
  const stat = statSync(path);
  const children = stat.isDirectory() ? readdirSync(path).map((name) => newest(join(path, name))) : [];
  return Math.max(stat.mtimeMs, ...children);
}
