// Starts and stops the process of a PostgreSQL server.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isRoot, NOBODY } from './postgres-binaries.js';
import { isAlive } from './postgres-lock.js';

const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 20_000;

/**
 * Starts the server and returns its process ID.
 *
 * @param {string} bin @param {string} data @param {number} port
 * @param {Required<Pick<import('./postgres.js').StartOptions, 'flags' | 'detached'>>} options
 */
export async function runServer(bin, data, port, { flags, detached }) {
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', ...flags].flatMap((flag) => ['-c', flag]);
  const child = spawn(join(bin, 'postgres'), ['-D', data, '-p', String(port), ...settings], {
    ...(isRoot && NOBODY),
    cwd: data,
    detached,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await ready(child);
  // This process must be able to exit while another one still uses the cluster.
  child.unref();
  /** @type {import('node:net').Socket} */ (child.stderr).unref();
  return /** @type {number} */ (child.pid);
}

/** @param {import('node:child_process').ChildProcess} child @returns {Promise<void>} */
function ready(child) {
  const output = collect(child.stderr);
  return new Promise((resolve, reject) => {
    const fail = (/** @type {string} */ why) => reject(new Error(`PostgreSQL ${why}:\n${output()}`));
    const timer = setTimeout(() => (child.kill('SIGQUIT'), fail('did not start in time')), START_TIMEOUT_MS);
    child.once('error', (error) => (clearTimeout(timer), fail(`could not be started (${error.message})`)));
    // Not `exit`, because the rest of the output may follow.
    child.once('close', () => (clearTimeout(timer), fail('stopped')));
    child.stderr?.on('data', () => {
      // A standby is ready to accept read-only connections.
      if (!/ready to accept (read-only )?connections/.test(output())) return;
      clearTimeout(timer);
      child.removeAllListeners('close');
      // Discards the rest of the log.
      child.stderr?.removeAllListeners('data');
      child.stderr?.resume();
      resolve();
    });
  });
}

/**
 * Shuts down in fast mode, which disconnects clients. Stops the server immediately if that takes too long; it recovers
 * at its next start.
 *
 * @param {number} pid
 */
export async function stopServer(pid) {
  if (!isAlive(pid)) return;
  process.kill(pid, 'SIGINT');
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  while (isAlive(pid)) {
    if (Date.now() > deadline) return void process.kill(pid, 'SIGQUIT');
    await sleep(20);
  }
}

/** Returns a function that returns the text so far. @param {import('node:stream').Readable | null} stream */
export function collect(stream) {
  let text = '';
  stream?.on('data', (chunk) => (text += chunk));
  return () => text;
}
