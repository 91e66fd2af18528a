// npm start: everything that a fresh checkout needs, in one command. Ctrl-C ends all of it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { createInterface } from 'node:readline/promises';
import { build, isBuilt } from './build.js';
import { checkedConfig } from './checked-config.js';
import { prepareEnvironment } from './development.js';
import { migrate } from './migrate.js';

const watch = process.argv.includes('--watch');
/** How long, in milliseconds, the application may take to finish what it is doing before it is killed. */
const SHUTDOWN_TIMEOUT = 15_000;
const END_WITH_PARENT = new URL('./end-with-parent.js', import.meta.url).href;
/** Where `localhost` is what a person types. */
const LOCAL = new Set(['127.0.0.1', '0.0.0.0', '::', '::1']);

/**
 * Says what is being done, and then how long it took.
 *
 * @template T
 * @param {string} what
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
async function step(what, work) {
  process.stdout.write(`  ${what} … `);
  const start = performance.now();
  try {
    const result = await work();
    console.log(`${((performance.now() - start) / 1_000).toFixed(1)} s`);
    return result;
  } catch (error) {
    console.log('failed');
    throw error;
  }
}

/**
 * The configured port, or the next free one if someone has it and nobody objects.
 *
 * @param {{ host: string, port: number }} http
 * @returns {Promise<number>}
 */
async function choosePort({ host, port }) {
  if (await isFree(port, host)) return port;
  let next = port + 1;
  while (next < 65_535 && !(await isFree(next, host))) next += 1;
  console.log(`  Port ${port} is taken. The next free one is ${next}.`);
  if (!process.stdin.isTTY) return next;
  const prompt = createInterface({ input: process.stdin, output: process.stdout });
  const answer = await prompt.question(`  Use ${next} instead? [Y/n] `);
  prompt.close();
  if (/^n/i.test(answer)) throw new Error(`Port ${port} is taken. Choose another one with PORT=${next} npm start`);
  return next;
}

/** @param {number} port @param {string} host @returns {Promise<boolean>} */
async function isFree(port, host) {
  const server = createServer().listen(port, host);
  try {
    await once(server, 'listening');
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EADDRINUSE') throw error;
    return false;
  } finally {
    server.close();
  }
}

/** The first admin of an embedded database. @param {import('./development.js').State} state */
async function createAdmin({ adminEmail, adminPassword }) {
  const args = ['dist/src/cli.js', 'users:create-admin', '--if-none', '--password-stdin', '--email', adminEmail];
  const child = spawn(process.execPath, args, { stdio: ['pipe', 'ignore', 'inherit'] });
  child.stdin?.end(adminPassword);
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error('The first admin could not be created.');
}

/**
 * Waits until the application answers. False if it ends before that.
 *
 * @param {string} address
 * @param {import('node:child_process').ChildProcess} child
 */
async function untilLive(address, child) {
  while (child.exitCode === null && child.signalCode === null) {
    const answer = await fetch(`${address}/health/live`).catch(() => null);
    if (answer?.ok) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}

/** Passes the first signal on, and makes an end of it if that takes too long. @param {import('node:child_process').ChildProcess} child */
function forwardSignals(child) {
  let asked = false;
  const end = () => {
    // npm and the terminal may both send the same signal.
    if (asked) return;
    asked = true;
    child.kill('SIGTERM');
    setTimeout(() => child.kill('SIGKILL'), SHUTDOWN_TIMEOUT).unref();
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end);
}

async function main() {
  if (process.env['NODE_ENV'] === 'production') {
    throw new Error(
      'npm start is for development: it migrates and may start a database. Production runs npm run start:prod.',
    );
  }
  console.log('Gatehouse');
  const { state, stop } = await step(
    process.env['DATABASE_URL'] ? 'database' : 'embedded PostgreSQL',
    prepareEnvironment,
  );
  try {
    if (!isBuilt()) await step('build', build);
    const { http } = await checkedConfig();
    await step('migrations', async () => {
      if ((await migrate(['migration:run'], { quiet: true })) !== 0) throw new Error('The migrations failed.');
    });
    if (state) await step('first admin', () => createAdmin(state));
    process.exitCode = await run(http.host, await choosePort(http), state);
  } finally {
    await stop();
  }
}

/**
 * Runs the application until it ends.
 *
 * @param {string} host
 * @param {number} port
 * @param {import('./development.js').State | null} state
 * @returns {Promise<number>} its exit code
 */
async function run(host, port, state) {
  const command = watch
    ? ['node_modules/@nestjs/cli/bin/nest.js', 'start', '--watch']
    : ['--enable-source-maps', '--import', END_WITH_PARENT, 'dist/src/main.js'];
  // A group of its own, so that Ctrl-C reaches it once, through us, and the database outlives it.
  const child = spawn(process.execPath, command, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true,
    env: { ...process.env, PORT: String(port) },
  });
  forwardSignals(child);
  const exited = once(child, 'exit');
  const address = `http://${LOCAL.has(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}`;
  if (await untilLive(address, child)) {
    console.log(`\n  ${address}\n  ${address}/docs`);
    if (state) console.log(`\n  admin     ${state.adminEmail}\n  password  ${state.adminPassword}`);
    console.log('\n  Ctrl-C stops everything. Data is kept in .data/.\n');
  }
  const [code] = await exited;
  return code ?? 0;
}

main().catch((error) => {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
});
