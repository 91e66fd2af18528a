// Kills the processes that a test run started if the run itself is killed.
import { spawn } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { isAlive } from '../../scripts/postgres-lock.js';

/**
 * @typedef {object} Options
 * @property {NodeJS.Signals} [signal] stops the process immediately. `SIGKILL` by default
 * @property {string} [folder] to delete after the process has stopped
 *
 * @typedef {{ pid: number, options?: Options }} Message without `options` if the process is no longer guarded
 */

const STOP_TIMEOUT_MS = 20_000;
/** The standard input of the guard of this process. It ends with this process, however that ends. */
/** @type {import('node:net').Socket | undefined} */
let guard;

/**
 * Guards a process until the returned function is called.
 *
 * @param {number} pid
 * @param {Options} [options]
 */
export function guardProcess(pid, options = {}) {
  notifyGuard({ pid, options });
  return () => notifyGuard({ pid });
}

/**
 * Guards a child process until it exits.
 *
 * @template {import('node:child_process').ChildProcess} Child
 * @param {Child} child @param {Options} [options]
 * @returns {Child}
 */
export function guardChild(child, options) {
  // A program that could not be started has no process.
  if (child.pid) child.once('exit', guardProcess(child.pid, options));
  return child;
}

/** @param {Message} message */
function notifyGuard(message) {
  guard ??= startGuard();
  guard.write(`${JSON.stringify(message)}\n`);
}

function startGuard() {
  // Detached, because Ctrl-C in the terminal must not reach it.
  const child = spawn(process.execPath, [import.meta.filename], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  child.unref();
  const input = /** @type {import('node:net').Socket} */ (child.stdin);
  input.on('error', () => undefined).unref();
  return input;
}

/** @param {number} pid @param {Options} options */
async function stop(pid, { signal = 'SIGKILL', folder }) {
  const deadline = Date.now() + STOP_TIMEOUT_MS;
  send(pid, signal);
  while (isAlive(pid) && Date.now() < deadline) await sleep(50);
  send(pid, 'SIGKILL');
  if (folder) await rm(folder, { recursive: true, force: true });
}

/** @param {number} pid @param {NodeJS.Signals} signal */
function send(pid, signal) {
  try {
    process.kill(pid, signal);
  } catch {
    // The process has stopped.
  }
}

if (process.argv[1] === import.meta.filename) {
  /** @type {Map<number, Options>} */
  const guarded = new Map();
  for await (const line of createInterface({ input: process.stdin })) {
    /** @type {Message} */
    const { pid, options } = JSON.parse(line);
    if (options) guarded.set(pid, options);
    else guarded.delete(pid);
  }
  await Promise.all([...guarded].map(([pid, options]) => stop(pid, options)));
}
