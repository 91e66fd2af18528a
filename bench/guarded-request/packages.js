// The packages that only the bench needs, in bench/node_modules: peers never enter the product's dependencies.
import { readFileSync, statSync } from 'node:fs';
import { runNode } from '../../scripts/run.js';

const ROOT = new URL('../../', import.meta.url);
const BENCH = new URL('../', import.meta.url);

/** Installs them as the lockfile says, unless they are there. @param {AbortSignal} signal */
export async function ensurePackages(signal) {
  if (changedAt('node_modules/.package-lock.json') > changedAt('package-lock.json')) return;
  console.log("Installing the bench's own packages: npm ci --prefix bench");
  const npm = process.env['npm_execpath'];
  const code = npm ? await runNode([npm, 'ci', '--prefix', 'bench'], { signal, quiet: true }) : 1;
  if (code !== 0) throw new Error("The bench's own packages could not be installed. Try: npm ci --prefix bench");
}

/** npm writes its own list last: an interrupted installation has none. @param {string} file */
function changedAt(file) {
  return statSync(new URL(file, BENCH), { throwIfNoEntry: false })?.mtimeMs ?? 0;
}

/** @param {readonly string[]} names @param {URL} [where] whose packages */
export function versionsOf(names, where = ROOT) {
  return Object.fromEntries(names.map((name) => [name, versionOf(new URL(`node_modules/${name}/`, where))]));
}

/** @param {readonly string[]} names */
export const benchVersionsOf = (names) => versionsOf(names, BENCH);

/** @param {URL} folder @returns {string} */
function versionOf(folder) {
  return JSON.parse(readFileSync(new URL('package.json', folder), 'utf8')).version;
}
