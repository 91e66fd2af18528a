// npm run migration:run | migration:revert | migration:show | migration:generate [Name]
import { ensureBuilt } from './build.js';
import { checkedConfig } from './checked-config.js';
import { prepareEnvironment } from './development.js';
import { migrate } from './migrate.js';

const [command = '', ...rest] = process.argv.slice(2);

/** Without a name, `migration:generate` only says whether the entities differ from the schema. */
function args() {
  if (command !== 'migration:generate') return [command, ...rest];
  const [name, ...options] = rest;
  return name ? [command, `migrations/${name}`, ...options] : [command, 'migrations/Check', '--dryrun', '--check'];
}

async function main() {
  const [{ stop }] = await Promise.all([prepareEnvironment(), ensureBuilt()]);
  try {
    await checkedConfig();
    process.exitCode = await migrate(args());
  } finally {
    await stop();
  }
}

main().catch((error) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
