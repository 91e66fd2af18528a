// npm run cli -- <command>: Gatehouse's own commands, with a database if the checkout has none configured.
import { ensureBuilt } from './build.js';
import { useDrawnSecret, withEnvironment } from './development.js';
import { runMain, runNode } from './run.js';

const args = process.argv.slice(2);
const command = ['dist/src/cli/cli.js', ...args];
/** These need no database, so none is started for them. */
const ALONE = ['openapi:export', 'keys:generate', 'keys:list'];
const alone = args.length === 0 || ALONE.includes(args[0] ?? '') || args.some((arg) => /^(-h|--help|help)$/.test(arg));

runMain(async () => {
  await ensureBuilt();
  if (!alone) return withEnvironment(({ signal }) => runNode(command, { signal }));
  await useDrawnSecret();
  return runNode(command);
});
