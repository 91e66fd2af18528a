import { normalize } from '@angular-devkit/core';
import {
  SchematicsException,
  apply,
  applyTemplates,
  chain,
  filter,
  mergeWith,
  noop,
  url,
} from '@angular-devkit/schematics';
import { ModuleDeclarator } from '@nestjs/schematics';
import { formatFiles } from '../format.js';
import { assertNoClash } from './clashes.js';
import { parseFields } from './fields.js';
import { parseName } from './names.js';
import { buildScope } from './scope.js';

/**
 * @typedef {import('@angular-devkit/schematics').Rule} Rule
 * @typedef {import('@angular-devkit/schematics').Tree} Tree
 * @typedef {import('./names.js').Names} Names
 *
 * @typedef {object} Options the options that `nest generate` passes
 * @property {string | number} [name]
 * @property {string | number} [path] the fields, because `nest generate` rejects unknown options
 * @property {string} [type]
 * @property {boolean} [crud]
 * @property {boolean} [flat]
 * @property {boolean} [spec]
 * @property {boolean} [skipImport]
 */

const APP_MODULE = 'src/app.module.ts';
/** The limits of the lint rule `max-lines`. */
const [MAX_LINES, MAX_SPEC_LINES] = [200, 400];

/** Creates a module whose rows belong to the users who create them. @param {Options} options @returns {Rule} */
export function forOwners(options) {
  return createModule(options, 'owner');
}

/** Creates a module that only admins use. @param {Options} options @returns {Rule} */
export function forAdmins(options) {
  return createModule(options, 'admin');
}

/** Creates a module that everyone may read and admins change. @param {Options} options @returns {Rule} */
export function forEveryone(options) {
  return createModule(options, 'public');
}

/** @param {Options} options @param {import('./scope.js').Access} access @returns {Rule} */
function createModule(options, access) {
  // All checks come before the first file, so that an error leaves no half module.
  return (tree) => {
    assertSupported(options);
    const names = parseName(String(options.name ?? ''));
    const fields = parseFields(String(options.path ?? ''), names);
    const scope = buildScope({ names, fields, access, timestamp: nextTimestamp(tree) });
    assertNoClash(tree, scope.claims);
    /** @param {string} folder @param {object} variables */
    const render = (folder, variables) =>
      mergeWith(
        apply(url(`./files/${folder}`), [
          options.spec === false ? filter((path) => !path.endsWith('.spec.ts.template')) : noop(),
          applyTemplates({ ...names, ...scope, ...variables }),
        ]),
      );
    return chain([
      render('module', {}),
      ...scope.controllers.map((controller) => render('controller', controller)),
      ...fields.flatMap(({ enumeration }) => (enumeration ? [render('enumeration', enumeration)] : [])),
      options.skipImport ? noop() : importModule(names),
      formatFiles(),
      assertShort(),
    ]);
  };
}

/** Rejects options of the official schematic that have no effect. @param {Options} options */
function assertSupported({ type, crud, flat }) {
  if (type === undefined && crud !== false && !flat) return;
  throw new SchematicsException(
    '--type, --crud and --flat belong to the official schematic: npx nest generate resource <name> -c @nestjs/schematics.',
  );
}

/** Adds the module to the imports of `AppModule`. @param {Names} names @returns {Rule} */
function importModule({ folder, classes }) {
  return (tree) => {
    const className = `${classes}Module`;
    const changed = new ModuleDeclarator().declare(tree.readText(APP_MODULE), {
      metadata: 'imports',
      type: 'module',
      className,
      name: folder,
      path: normalize(`/src/${folder}`),
      module: normalize(`/${APP_MODULE}`),
      isEsm: true,
    });
    // The name must occur in the import statement and in the list.
    if (changed.split(className).length < 3) {
      throw new SchematicsException(`${APP_MODULE} has no list of imports. Add "imports: []", or pass --skip-import.`);
    }
    tree.overwrite(APP_MODULE, changed);
  };
}

/** Rejects a module with a file that is longer than lint allows. @returns {Rule} */
function assertShort() {
  return (tree) => {
    for (const { path } of tree.actions.filter(({ kind }) => kind === 'c')) {
      const lines = tree.readText(path).split('\n').length - 1;
      if (lines <= (path.endsWith('.spec.ts') ? MAX_SPEC_LINES : MAX_LINES)) continue;
      throw new SchematicsException(`${path.slice(1)} would have ${lines} lines. Start with fewer fields.`);
    }
  };
}

/** Returns a timestamp for a migration after all others. @param {Tree} tree */
function nextTimestamp(tree) {
  const newest = Math.max(0, ...tree.getDir('migrations').subfiles.map((file) => Number.parseInt(file) || 0));
  return Math.max(newest + 1, Date.now());
}
