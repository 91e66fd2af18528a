import { SchematicsException } from '@angular-devkit/schematics';
import { OTHER_NAME } from './names.js';

/** @typedef {import('@angular-devkit/schematics').Tree} Tree */

/** Paths of routes without a controller. */
const STATIC_PATHS = ['docs'];

const CONTROLLER = /@Controller\((?:\s*\{[^}]*?path:)?\s*(?:'([^']*)')?/;
const ROUTE = /@(?:All|Delete|Get|Head|Options|Patch|Post|Put|Sse)\(\s*'([^']*)'/g;
const TABLE = /@Entity\(\s*'([^']*)'|CREATE TABLE (?:IF NOT EXISTS )?"?(\w+)/g;
const DECLARATION = /^export (?:abstract )?(?:class|const|enum|function|interface|type) (\w+)/gm;

/**
 * Checks that the names of a new module are not taken.
 *
 * @param {Tree} tree
 * @param {{ folder: string, table: string, code: string, routes: readonly string[], exports: readonly string[],
 *   files: readonly string[] }} wanted
 * @throws {SchematicsException} for the first name that is taken
 */
export function assertNoClash(tree, { folder, table, code, routes, exports, files }) {
  const directory = tree.getDir(`src/${folder}`);
  if (directory.subfiles.length + directory.subdirs.length > 0) fail(`src/${folder} already exists.`);
  const existing = files.find((file) => tree.exists(file));
  if (existing) fail(`${existing} already exists.`);
  const taken = routes.find((route) => STATIC_PATHS.includes(route));
  if (taken) fail(`/${taken} is already a route.`);
  for (const { file, text } of sources(tree)) {
    const clash =
      matches(text, TABLE).find((name) => name === table) ??
      matches(text, DECLARATION).find((name) => exports.includes(name)) ??
      pathsOf(text).find((path) => routes.some((route) => path === route || path.startsWith(`${route}/`))) ??
      [code].find((name) => text.includes(`'${name}'`));
    if (clash) fail(`"${clash}" already exists in ${file}.`);
  }
}

/** @param {string} problem @returns {never} */
function fail(problem) {
  throw new SchematicsException(`${problem} ${OTHER_NAME}`);
}

/** Returns the source files and migrations. @param {Tree} tree */
function sources(tree) {
  /** @type {{ file: string, text: string }[]} */
  const found = [];
  for (const root of ['src', 'migrations']) {
    tree.getDir(root).visit((path) => {
      if (path.endsWith('.ts') && !path.endsWith('.spec.ts'))
        found.push({ file: path.slice(1), text: tree.readText(path) });
    });
  }
  return found;
}

/** Returns the paths of a controller and its routes, without outer slashes. @param {string} text */
function pathsOf(text) {
  const controller = CONTROLLER.exec(text);
  if (!controller) return [];
  const base = controller[1] ?? '';
  return [base, ...matches(text, ROUTE).map((path) => `${base}/${path}`)].map((path) => path.replace(/^\/+|\/+$/g, ''));
}

/** Returns the first group of every match. @param {string} text @param {RegExp} pattern */
function matches(text, pattern) {
  return [...text.matchAll(pattern)].map(([, first, second]) => first ?? second ?? '');
}
