// Runs a benchmark against the built application: npm run bench -- [name] [options]
import { randomBytes } from 'node:crypto';
import { Command } from 'commander';
import { ensureBuilt } from '../scripts/build.js';
import { interruptible, runMain } from '../scripts/run.js';

const NAMES = ['guarded-request', 'growth', 'sign-in', 'workers', 'memory', 'scale'];

/**
 * @typedef {object} Benchmark
 * @property {Command} command its name, description and options
 * @property {(options: any, signal: AbortSignal) => Promise<boolean>} run returns whether the result is within the limits
 */

runMain(async () => {
  const program = new Command('npm run bench --').description(
    'Measures the built application with PostgreSQL on this machine. Compare the ratios of one run: times vary.',
  );
  let passed = true;
  for (const name of NAMES) {
    /** @type {Benchmark} */
    const { command, run } = await import(`./${name}.js`);
    command.action(async (options) => {
      await ensureBuilt();
      // Every process inherits these, so that all contenders accept the same tokens.
      const tokens = {
        JWT_SECRET: randomBytes(48).toString('base64'),
        JWT_ISSUER: 'gatehouse',
        JWT_AUDIENCE: 'gatehouse',
      };
      Object.assign(process.env, { NODE_ENV: 'production', ...tokens });
      passed = await interruptible((signal) =>
        run(options, signal).catch((error) => {
          // An interrupted benchmark fails in many ways. They all have the same reason.
          throw signal.aborted ? signal.reason : error;
        }),
      );
    });
    program.addCommand(command, { isDefault: name === NAMES[0] });
  }
  const [name = ''] = process.argv.slice(2);
  if (/^\w/.test(name) && ![...NAMES, 'help'].includes(name)) {
    throw new Error(`Unknown benchmark "${name}". Choose one of: ${NAMES.join(', ')}.`);
  }
  await program.parseAsync();
  return passed ? 0 : 1;
});
