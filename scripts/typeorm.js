// npm run migration:run | migration:revert | migration:show | migration:generate [Name]
import { ensureBuilt } from './build.js';
import { checkedConfig } from './checked-config.js';
import { withEnvironment } from './development.js';
import { migrate } from './migrate.js';
import { runMain } from './run.js';

const [command = '', ...rest] = process.argv.slice(2);

/** Without a name, `migration:generate` only says whether the entities differ from the schema. */
function args() {
  if (command !== 'migration:generate') return [command, ...rest];
  const [name, ...options] = rest;
  return name ? [command, `migrations/${name}`, ...options] : [command, 'migrations/Check', '--dryrun', '--check'];
}

/** On a schema that is behind, a new migration would repeat what stands in the pending ones. */
async function refuseWhilePending() {
  /** @type {{ default: import('typeorm').DataSource }} */
  const { default: dataSource } = await import(new URL('../dist/ormconfig.js', import.meta.url).href);
  await dataSource.initialize();
  const isBehind = await dataSource.showMigrations().finally(() => dataSource.destroy());
  if (isBehind) throw new Error('Some migrations have not run yet. Run them first: npm run migration:run');
}

runMain(async () => {
  await ensureBuilt();
  return withEnvironment(async ({ signal }) => {
    await checkedConfig();
    if (command === 'migration:generate') await refuseWhilePending();
    return migrate(args(), { signal });
  });
});
