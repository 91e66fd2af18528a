// npm run migration:run | migration:revert | migration:show | migration:generate [Name]
import { basename } from 'node:path';
import { ensureBuilt } from './build.js';
import { withEnvironment } from './environment.js';
import { migrate } from './migrate.js';
import { runMain } from './run.js';

const [command = '', ...rest] = process.argv.slice(2);

/** Without a name, `migration:generate` only checks whether the entities differ from the schema. */
function typeormArgs() {
  if (command !== 'migration:generate') return [command, ...rest];
  const [name, ...options] = rest;
  // TypeORM's own documentation passes a path.
  return name
    ? [command, `migrations/${basename(name)}`, ...options]
    : [command, 'migrations/Check', '--dryrun', '--check'];
}

/** Throws if migrations are pending, because a generated one would repeat their changes. */
async function checkNonePending() {
  /** @type {{ default: import('typeorm').DataSource }} */
  const { default: dataSource } = await import(new URL('../dist/ormconfig.js', import.meta.url).href);
  // Otherwise `showMigrations` prints the list.
  dataSource.setOptions({ logger: 'simple-console', logging: false });
  await dataSource.initialize();
  const arePending = await dataSource.showMigrations().finally(() => dataSource.destroy());
  if (arePending) throw new Error('Some migrations are pending. Run them first: npm run migration:run');
}

runMain(async () => {
  await ensureBuilt();
  return withEnvironment(async ({ signal }) => {
    if (command === 'migration:generate') await checkNonePending();
    return migrate(typeormArgs(), { signal });
  });
});
