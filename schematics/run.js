import { join } from 'node:path';
import { schema } from '@angular-devkit/core';
import { NodeWorkflow } from '@angular-devkit/schematics/tools/index.js';
import { lastValueFrom } from 'rxjs';

/**
 * Runs a schematic of this package, as `nest generate` does.
 *
 * @param {string} schematic
 * @param {Readonly<Record<string, unknown>>} options
 * @param {string} [root] the folder of the application
 * @returns {Promise<string[]>} the files that were written
 * @throws if the schematic fails, which is before any file is written
 */
export async function runSchematic(schematic, options, root = process.cwd()) {
  const workflow = new NodeWorkflow(root, { resolvePaths: [import.meta.dirname], schemaValidation: true });
  workflow.registry.addPostTransform(schema.transforms.addUndefinedDefaults);
  /** @type {string[]} */
  const files = [];
  workflow.reporter.subscribe(({ path }) => files.push(path.replace(/^\//, '')));
  const collection = join(import.meta.dirname, 'collection.json');
  await lastValueFrom(workflow.execute({ collection, schematic, options }), { defaultValue: undefined });
  return files;
}
