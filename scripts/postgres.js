// A PostgreSQL of one's own, from the binaries that npm installs: for `npm start` and for the tests.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isRoot, NOBODY, placeCluster } from './postgres-binaries.js';
import { freePort } from './postgres-client.js';
import { findRunning, isAlive, removeStaleLock } from './postgres-lock.js';
import { enter, exclusively, forgetAll, leave } from './postgres-users.js';

/**
 * @typedef {{ folder: string, password: string }} Cluster `folder` holds the data; `password` is the superuser's.
 * @typedef {object} StartOptions
 * @property {readonly string[]} [flags] further `postgres` settings, such as `fsync=off`
 * @property {number} [port] a free one by default
 * @property {boolean} [detached] whether Ctrl-C in the terminal is kept from it (it is by default): the application
 *   still needs its database to finish
 * @typedef {object} RunningCluster
 * @property {string} url of the database `postgres`
 * @property {number} port
 * @property {number} pid
 * @property {() => Promise<void>} stop
 */

const USER = 'gatehouse';
const START_TIMEOUT = 30_000;
const STOP_TIMEOUT = 20_000;

/**
 * Starts a cluster, and makes it first if its folder does not hold one yet. One that runs already is used as it is.
 * Whoever stops using it last stops it.
 *
 * @param {Cluster} cluster
 * @param {StartOptions} [options]
 * @returns {Promise<RunningCluster>}
 */
export async function startCluster({ folder, password }, options = {}) {
  const { native, data } = await placeCluster(folder);
  const urlOf = (/** @type {number} */ port) => `postgresql://${USER}:${password}@127.0.0.1:${port}/postgres`;
  await mkdir(dirname(data), { recursive: true });
  return exclusively(data, async () => {
    const { pid, port } = (await findRunning(data, urlOf)) ?? (await launch(native, data, password, options));
    await enter(data);
    const stopIfLast = async () => ((await leave(data)) ? stop(pid) : undefined);
    return { url: urlOf(port), port, pid, stop: () => exclusively(data, stopIfLast) };
  });
}

/**
 * @param {string} native @param {string} data @param {string} password @param {StartOptions} options
 * @returns {Promise<{ pid: number, port: number }>}
 */
async function launch(native, data, password, { flags = [], port, detached = true }) {
  if (!existsSync(join(data, 'PG_VERSION'))) await initialize(native, data, password);
  await removeStaleLock(data);
  await forgetAll(data);
  const chosen = port ?? (await freePort());
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', ...flags].flatMap((flag) => ['-c', flag]);
  const child = spawn(join(native, 'bin', 'postgres'), ['-D', data, '-p', String(chosen), ...settings], {
    ...(isRoot && NOBODY),
    cwd: data,
    detached,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await ready(child);
  return { pid: /** @type {number} */ (child.pid), port: chosen };
}

/**
 * Makes an empty cluster with one superuser. It gets its name when it is whole, so an interrupted attempt leaves
 * nothing that looks like one.
 *
 * @param {string} native @param {string} folder @param {string} password
 */
async function initialize(native, folder, password) {
  const data = `${folder}.new`;
  await rm(data, { recursive: true, force: true });
  await mkdir(data, { recursive: true, mode: 0o700 });
  const passwordFile = `${data}.password`;
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (isRoot) for (const path of [data, passwordFile]) await chown(path, NOBODY.uid, NOBODY.gid);
  const args = [
    ['-D', data, '-U', USER, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--no-instructions'],
    // Letters beyond ASCII have cases too: a search in any case must find them.
    ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
  ].flat();
  try {
    const child = spawn(join(native, 'bin', 'initdb'), args, {
      ...(isRoot && NOBODY),
      cwd: dirname(data),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const output = collect(child.stderr);
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`initdb failed:\n${output()}`);
    await rename(data, folder);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/** @param {import('node:child_process').ChildProcess} child @returns {Promise<void>} */
function ready(child) {
  const output = collect(child.stderr);
  return new Promise((resolve, reject) => {
    const fail = (/** @type {string} */ why) => reject(new Error(`PostgreSQL ${why}:\n${output()}`));
    const timer = setTimeout(() => (child.kill('SIGQUIT'), fail('did not start in time')), START_TIMEOUT);
    child.once('error', (error) => (clearTimeout(timer), fail(`could not be started (${error.message})`)));
    child.once('exit', () => (clearTimeout(timer), fail('stopped')));
    child.stderr?.on('data', () => {
      if (!output().includes('ready to accept connections')) return;
      clearTimeout(timer);
      child.removeAllListeners('exit');
      // From here on its log is nobody's business.
      child.stderr?.removeAllListeners('data');
      child.stderr?.resume();
      resolve();
    });
  });
}

/**
 * Fast shutdown: clients are disconnected, everything is written. One that takes too long is ended at once, and
 * recovers at its next start.
 *
 * @param {number} pid
 */
async function stop(pid) {
  if (!isAlive(pid)) return;
  process.kill(pid, 'SIGINT');
  const deadline = Date.now() + STOP_TIMEOUT;
  while (isAlive(pid)) {
    if (Date.now() > deadline) return void process.kill(pid, 'SIGQUIT');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** @param {import('node:stream').Readable | null} stream @returns {() => string} */
function collect(stream) {
  let text = '';
  stream?.on('data', (chunk) => (text += chunk));
  return () => text;
}
