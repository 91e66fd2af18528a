// npm run cli -- <command>: runs a command of `src/cli`, with an embedded PostgreSQL if none is configured.
import { ensureBuilt } from './build.js';
import { isConfigurationValid, useGeneratedSecret, withEnvironment } from './environment.js';
import { runMain, runNode } from './run.js';

const args = process.argv.slice(2);
const command = ['dist/src/cli/cli.js', ...args];
const WITHOUT_DATABASE = ['openapi:export', 'keys:generate', 'keys:list'];
const needsDatabase =
  args.length > 0 && !WITHOUT_DATABASE.includes(args[0] ?? '') && !args.some((arg) => /^(-h|--help|help)$/.test(arg));

/** Whether the command reports an invalid configuration itself. */
const isDoctor = args[0] === 'doctor';

runMain(async () => {
  await ensureBuilt();
  if (isDoctor && !(await isConfigurationValid())) return runNode(command);
  if (needsDatabase) return withEnvironment(({ signal }) => runNode(command, { signal }));
  await useGeneratedSecret();
  return runNode(command);
});
