// Servers in processes of their own.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../scripts/postgres-client.js';

/** The application in the folder of a build. */
export const MAIN = 'dist/src/main.js';
const START_TIMEOUT_MS = 60_000;
const POLL_INTERVAL_MS = 50;
const MAX_ERROR_CHARS = 8_000;

/**
 * @typedef {{ name: string, url: string, pid: number, kill: () => Promise<void> }} Server
 *
 * @typedef {object} Start how to start a server on a port
 * @property {string} [command] Node.js by default
 * @property {readonly string[]} args
 * @property {string} [cwd]
 * @property {Readonly<Record<string, string>>} [env] in addition to the environment of this process
 */

/** Returns how to start the build in a folder like `npm run start:prod`. @param {Start['env']} [env] @param {string} [folder] @returns {Start} */
export function gatehouse(env = {}, folder = '.') {
  const { scripts } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const flags = scripts['start:prod'].split(' ').filter((/** @type {string} */ word) => word.startsWith('--'));
  // The longest lifetime that is allowed, so that no token expires during a benchmark.
  const quiet = { LOG_LEVEL: 'warn', RATE_LIMIT_ENABLED: 'false', PRUNE_INTERVAL: '0s', ACCESS_TOKEN_TTL: '1d' };
  return { args: [...flags, MAIN], cwd: folder, env: { HOST: '127.0.0.1', ...quiet, ...env } };
}

/**
 * Starts a server on a free port and waits until it responds. An interruption kills it.
 *
 * @param {string} name @param {(port: number) => Start} startOn @param {AbortSignal} signal
 * @returns {Promise<Server>}
 */
async function startServer(name, startOn, signal) {
  const port = await freePort();
  const { command = process.execPath, args, cwd = '.', env } = startOn(port);
  const child = spawn(command, [...args], {
    cwd,
    env: { ...process.env, PORT: String(port), ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
    killSignal: 'SIGKILL',
    signal,
  });
  let errors = '';
  child.stderr.on('data', (chunk) => (errors = (errors + chunk).slice(-MAX_ERROR_CHARS)));
  const exited = once(child, 'close').catch((error) => (errors += `\n${error.message}`));
  const kill = async () => {
    child.kill('SIGKILL');
    await exited;
  };
  const url = `http://127.0.0.1:${port}`;
  const deadline = Date.now() + START_TIMEOUT_MS;
  while (!(await responds(url))) {
    signal.throwIfAborted();
    const isRunning = child.pid && child.exitCode === null && child.signalCode === null;
    if (!isRunning || Date.now() > deadline) {
      await kill();
      throw new Error(`${name} did not start:\n${errors.trim()}`);
    }
    await sleep(POLL_INTERVAL_MS);
  }
  child.stderr.removeAllListeners('data').pipe(process.stderr);
  return { name, url, pid: Number(child.pid), kill };
}

/**
 * Runs work with servers, then kills them.
 *
 * @template T
 * @param {Iterable<readonly [name: string, startOn: (port: number) => Start]>} starts @param {AbortSignal} signal
 * @param {(servers: readonly Server[]) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withServers(starts, signal, work) {
  /** @type {Server[]} */
  const servers = [];
  try {
    for (const [name, startOn] of starts) servers.push(await startServer(name, startOn, signal));
    return await work(servers);
  } finally {
    await Promise.all(servers.map(({ kill }) => kill()));
  }
}

/**
 * Runs work with one process of Gatehouse per database, then kills them.
 *
 * @template {{ name: string, url: string }} Database
 * @template T
 * @param {readonly Database[]} databases @param {AbortSignal} signal
 * @param {(instances: readonly (Omit<Database, 'url'> & Server)[]) => Promise<T>} work
 * @returns {Promise<T>}
 */
export function withGatehousePerDatabase(databases, signal, work) {
  const starts = databases.map(
    ({ name, url }) => /** @type {const} */ ([name, () => gatehouse({ DATABASE_URL: url, BCRYPT_COST: '10' })]),
  );
  return withServers(starts, signal, (servers) =>
    work(servers.map((server, i) => ({ .../** @type {Database} */ (databases[i]), ...server }))),
  );
}

/**
 * Runs work with one process of Gatehouse, then kills it.
 *
 * @template T
 * @param {Start['env']} env @param {AbortSignal} signal @param {(server: Server) => Promise<T>} work
 * @param {string} [folder] of the build
 * @returns {Promise<T>}
 */
export function withGatehouse(env, signal, work, folder) {
  const start = /** @type {const} */ (['Gatehouse', () => gatehouse(env, folder)]);
  return withServers([start], signal, ([server]) => work(/** @type {Server} */ (server)));
}

/** @param {string} url */
async function responds(url) {
  const response = await fetch(url, { signal: AbortSignal.timeout(1_000) }).catch(() => null);
  await response?.body?.cancel();
  return response !== null;
}
