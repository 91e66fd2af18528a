import { join } from 'node:path';
import prettier from 'prettier';

/**
 * Returns a rule that formats the TypeScript files of the schematic, as `npm run format` does.
 *
 * @returns {import('@angular-devkit/schematics').Rule}
 */
export function formatFiles() {
  return async (tree) => {
    const written = tree.actions.filter(({ kind, path }) => kind !== 'd' && path.endsWith('.ts'));
    for (const { path } of written) {
      const filepath = join(process.cwd(), path);
      const options = await prettier.resolveConfig(filepath);
      tree.overwrite(path, await prettier.format(tree.readText(path), { ...options, filepath }));
    }
  };
}
