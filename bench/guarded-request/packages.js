// Packages that only the contenders need.
import { execFile } from 'node:child_process';
import { readFileSync, statSync } from 'node:fs';
import { promisify } from 'node:util';
import { runNode } from '../../scripts/run.js';

/** Debian's Python and packages, which the benchmark uses but does not install. */
export const PYTHON = '/usr/bin/python3';
export const INSTALL_PYTHON =
  'apt-get install python3-fastapi python3-uvicorn python3-sqlalchemy python3-asyncpg python3-jwt python3-uvloop python3-httptools';
const PRINT_VERSIONS = `
import json, platform, fastapi, uvicorn, sqlalchemy, asyncpg, jwt, uvloop, httptools
versions = {m.__name__: m.__version__ for m in (fastapi, uvicorn, sqlalchemy, asyncpg, jwt, uvloop, httptools)}
print(json.dumps({"python": platform.python_version(), **versions}))`;

/** @returns {Promise<Record<string, string> | null>} null if a package is missing */
export async function pythonVersions() {
  const result = await promisify(execFile)(PYTHON, ['-c', PRINT_VERSIONS]).catch(() => null);
  return result && JSON.parse(result.stdout);
}

/** Installs the packages of bench/package-lock.json unless they are up to date. @param {AbortSignal} signal */
export async function ensureNpmPackages(signal) {
  const changedAt = (/** @type {string} */ file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  // npm writes its own list last, so an interrupted installation has none.
  if (changedAt('bench/node_modules/.package-lock.json') > changedAt('bench/package-lock.json')) return;
  console.log('Installing the packages of the contenders: npm ci --prefix bench');
  const npm = process.env['npm_execpath'];
  const code = npm ? await runNode([npm, 'ci', '--prefix', 'bench'], { signal, quiet: true }) : 1;
  if (code !== 0) throw new Error('The packages of the contenders are missing. Run: npm ci --prefix bench');
}

/** Returns the versions of npm packages. @param {readonly string[]} names @param {string} [folder] */
export const versionsOf = (names, folder = '.') =>
  Object.fromEntries(
    names.map((name) => [
      name,
      JSON.parse(readFileSync(`${folder}/node_modules/${name}/package.json`, 'utf8')).version,
    ]),
  );
