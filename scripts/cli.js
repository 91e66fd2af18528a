// npm run cli -- <command>: Gatehouse's own commands, with a database if the checkout has none configured.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { ensureBuilt } from './build.js';
import { prepareEnvironment } from './development.js';

const args = process.argv.slice(2);
/** These need no database, so none is started for them. */
const alone = args.length === 0 || args[0] === 'openapi:export' || args.some((arg) => /^(-h|--help|help)$/.test(arg));

const [environment] = await Promise.all([alone ? null : prepareEnvironment(), ensureBuilt()]);
try {
  const child = spawn(process.execPath, ['dist/src/cli.js', ...args], { stdio: 'inherit' });
  const [code] = await once(child, 'exit');
  process.exitCode = code ?? 1;
} finally {
  await environment?.stop();
}
