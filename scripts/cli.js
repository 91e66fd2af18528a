// npm run cli -- <command>: Gatehouse's own commands, with a database if the checkout has none configured.
import { ensureBuilt } from './build.js';
import { withEnvironment } from './development.js';
import { runMain, runNode } from './run.js';

const args = process.argv.slice(2);
const command = ['dist/src/cli.js', ...args];
/** These need no database, so none is started for them. */
const alone = args.length === 0 || args[0] === 'openapi:export' || args.some((arg) => /^(-h|--help|help)$/.test(arg));

runMain(async () => {
  await ensureBuilt();
  return alone ? runNode(command) : withEnvironment(({ signal }) => runNode(command, { signal }));
});
