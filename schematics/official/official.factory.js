// The official schematics, with the changes that the lint rules require.
import { chain, externalSchematic } from '@angular-devkit/schematics';
import { formatFiles } from '../format.js';

/**
 * @typedef {import('@angular-devkit/schematics').Rule} Rule
 * @typedef {readonly [before: string, after: string]} Change
 */

/** @type {readonly Change[]} */
const ALL_CHANGES = [
  ['import { Test, TestingModule }', 'import { Test, type TestingModule }'],
  [`it('should be defined'`, `it('is defined'`],
];

export const module = official('module');
export const controller = official('controller');
export const service = official('service');
export const provider = official('provider');
const className = official('class');
export { className as class };
export const decorator = official('decorator');
export const gateway = official('gateway', ['client: any, payload: any', '_client: unknown, _payload: unknown']);
export const guard = official('guard', ['context: ExecutionContext,', '_context: ExecutionContext,']);
export const interceptor = official('interceptor', ['Observable<any>', 'Observable<unknown>']);
const interfaceName = official('interface', [' {}', ' { readonly id: string; }']);
export { interfaceName as interface };
export const filter = official(
  'filter',
  ['Filter<T>', 'Filter'],
  [
    'catch(exception: T, host: ArgumentsHost) {}',
    'catch(_exception: unknown, _host: ArgumentsHost): void {\n// Send a response. Otherwise the request never ends.\n}',
  ],
);
export const middleware = official(
  'middleware',
  [`from '@nestjs/common';`, `from '@nestjs/common';\nimport type { NextFunction, Request, Response } from 'express';`],
  ['req: any, res: any, next: () => void', '_request: Request, _response: Response, next: NextFunction'],
);
export const pipe = official('pipe', [
  'value: any, metadata: ArgumentMetadata)',
  'value: unknown, _metadata: ArgumentMetadata): unknown',
]);

/** Returns a schematic that runs the official one and changes its files. @param {string} name @param {...Change} changes */
function official(name, ...changes) {
  /** @param {object} options @returns {Rule} */
  return (options) =>
    chain([
      externalSchematic('@nestjs/schematics', name, options),
      rewrite([...ALL_CHANGES, ...changes]),
      formatFiles(),
    ]);
}

/** @param {readonly Change[]} changes @returns {Rule} */
function rewrite(changes) {
  return (tree) => {
    for (const { path } of tree.actions.filter(({ kind }) => kind === 'c')) {
      const text = changes.reduce((before, [from, to]) => before.replace(from, to), tree.readText(path));
      tree.overwrite(path, text);
    }
  };
}
