// The application as npm start runs it: a process of its own, until somebody ends it.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** How long, in milliseconds, the application may take to finish what it is doing before it is killed. */
const SHUTDOWN_TIMEOUT = 15_000;
/** How long, in milliseconds, one question whether it answers may take. */
const PROBE_TIMEOUT = 1_000;
const END_WITH_PARENT = new URL('./end-with-parent.js', import.meta.url).href;
/** Where `localhost` is what a person types. */
const LOCAL = new Set(['127.0.0.1', '0.0.0.0', '::', '::1']);

/**
 * Runs the application until it ends or is interrupted, and says where it is once it answers.
 *
 * @param {object} options
 * @param {string} options.host
 * @param {number} options.port
 * @param {import('./development.js').State | null} options.state of the embedded database, if there is one
 * @param {boolean} options.hasDrawnAdmin whether the admin in that state can sign in
 * @param {AbortSignal} options.signal
 * @param {boolean} options.watch whether to build and start again on every change
 * @returns {Promise<number>} its exit code
 */
export async function runApplication({ host, port, state, hasDrawnAdmin, signal, watch }) {
  signal.throwIfAborted();
  const command = watch
    ? ['node_modules/@nestjs/cli/bin/nest.js', 'start', '--watch']
    : ['--enable-source-maps', '--import', END_WITH_PARENT, 'dist/src/main.js'];
  // A group of its own, so that Ctrl-C reaches it once, through us, and the database outlives it.
  const child = spawn(process.execPath, command, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true,
    env: { ...process.env, PORT: String(port) },
  });
  const exited = once(child, 'exit');
  const group = -(/** @type {number} */ (child.pid));
  signal.addEventListener('abort', () => {
    sendTo(group, 'SIGTERM');
    setTimeout(() => sendTo(group, 'SIGKILL'), SHUTDOWN_TIMEOUT).unref();
  });
  const address = `http://${LOCAL.has(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}`;
  if (await untilLive(address, child)) {
    console.log(`\n  ${address}\n  ${address}/docs\n`);
    if (state) console.log(describeAdmin(hasDrawnAdmin ? state : null));
    console.log(`  Ctrl-C stops everything.${state ? ' Data is kept in .data/.' : ''}\n`);
  }
  const [code] = await exited;
  await untilEnded(group);
  return code ?? (signal.aborted ? 0 : 1);
}

/** How to sign in as an admin. @param {import('./development.js').State | null} drawn whose password still holds */
function describeAdmin(drawn) {
  if (drawn) return `  admin     ${drawn.adminEmail}\n  password  ${drawn.adminPassword}\n`;
  return '  There is an admin already, with a password of their own. For another one:\n  npm run cli -- users:create-admin --email you@example.com\n';
}

/** In watch mode the application is a child of Nest's command line, which does not wait for it. @param {number} group */
async function untilEnded(group) {
  const deadline = Date.now() + SHUTDOWN_TIMEOUT;
  while (sendTo(group, 0)) {
    if (Date.now() > deadline) sendTo(group, 'SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** @param {number} group @param {NodeJS.Signals | 0} signal @returns {boolean} whether anyone is left to get it */
function sendTo(group, signal) {
  try {
    return process.kill(group, signal);
  } catch {
    return false;
  }
}

/**
 * Waits until the application answers. False if it ends before that.
 *
 * @param {string} address
 * @param {import('node:child_process').ChildProcess} child
 */
async function untilLive(address, child) {
  while (child.exitCode === null && child.signalCode === null) {
    const answer = await fetch(`${address}/health/live`, { signal: AbortSignal.timeout(PROBE_TIMEOUT) }).catch(
      () => null,
    );
    if (answer?.ok) return true;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return false;
}
