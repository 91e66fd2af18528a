// The application as a child process of npm start.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** Longer than a drain takes after `SHUTDOWN_DELAY`. */
const SHUTDOWN_TIMEOUT_MS = 15_000;
const PROBE_TIMEOUT_MS = 1_000;
/** Stops the application if npm start is killed, because that closes the channel between them. */
const STOP_WITH_PARENT = 'data:text/javascript,process.once("disconnect",()=>process.kill(process.pid,"SIGTERM"))';
/** The hosts that a browser on this machine reaches as `localhost`. */
const LOCAL_HOSTS = new Set(['127.0.0.1', '0.0.0.0', '::', '::1']);

/**
 * Runs the application until it exits or is interrupted.
 *
 * @param {{ host: string, port: number, shutdownDelay: number, signal: AbortSignal, watch: boolean, args: string[] }}
 *   options `watch` rebuilds and restarts it on each change. It gets `args`
 * @param {(url: string) => void} onLive called when it responds
 * @returns {Promise<number>} its exit code
 */
export async function runApplication({ host, port, shutdownDelay, signal, watch, args }, onLive) {
  signal.throwIfAborted();
  const command = watch
    ? ['node_modules/@nestjs/cli/bin/nest.js', 'start', '--watch', '--', ...args]
    : ['--enable-source-maps', '--import', STOP_WITH_PARENT, 'dist/src/main.js', ...args];
  // In a process group of its own, so that Ctrl-C in the terminal reaches it only through this process.
  const child = spawn(process.execPath, command, {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    detached: true,
    env: { ...process.env, PORT: String(port) },
  });
  const exited = once(child, 'exit');
  const group = -(/** @type {number} */ (child.pid));
  signal.addEventListener('abort', () => {
    sendTo(group, 'SIGTERM');
    setTimeout(() => sendTo(group, 'SIGKILL'), shutdownDelay + SHUTDOWN_TIMEOUT_MS).unref();
  });
  const url = `http://${LOCAL_HOSTS.has(host) ? 'localhost' : host.includes(':') ? `[${host}]` : host}:${port}`;
  if (await becomesLive(url, child)) onLive(url);
  const [code, exitSignal] = await exited;
  await groupExit(group);
  // SIGTERM ends it before it can handle signals. SIGKILL means that it did not shut down in time.
  return code ?? (exitSignal === 'SIGTERM' ? 0 : 1);
}

/** Waits for all processes of the group, because in watch mode Nest exits before the application. @param {number} group */
async function groupExit(group) {
  const deadline = Date.now() + SHUTDOWN_TIMEOUT_MS;
  while (sendTo(group, 0)) {
    if (Date.now() > deadline) sendTo(group, 'SIGKILL');
    await sleep(50);
  }
}

/** Returns false if the group has no processes. @param {number} group @param {NodeJS.Signals | 0} signal */
function sendTo(group, signal) {
  try {
    return process.kill(group, signal);
  } catch {
    return false;
  }
}

/**
 * Waits until the application responds. Returns false if it exits before.
 *
 * @param {string} url @param {import('node:child_process').ChildProcess} child
 */
async function becomesLive(url, child) {
  while (child.exitCode === null && child.signalCode === null) {
    const response = await fetch(`${url}/health/live`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) }).catch(
      () => null,
    );
    if (response?.ok) return true;
    await sleep(100);
  }
  return false;
}
