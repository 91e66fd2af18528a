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

runMain(async () => {
  await ensureBuilt();
  return withEnvironment(async ({ signal }) => {
    await checkedConfig();
    return migrate(args(), { signal });
  });
});
