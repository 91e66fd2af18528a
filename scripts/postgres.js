// Runs the PostgreSQL that npm installs, for `npm start`, tests and benchmarks.
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chown, mkdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { isRoot, makeOpenFolder, NOBODY, placeCluster, prepareBinaries } from './postgres-binaries.js';
import { freePort } from './postgres-client.js';
import { exclusively, findRunning, removeStalePidFile, throwIfPasswordDiffers } from './postgres-lock.js';
import { collect, runServer, stopServer } from './postgres-server.js';

/**
 * @typedef {{ folder: string, password: string }} Cluster `folder` contains the data. `password` is the superuser's.
 * @typedef {object} StartOptions
 * @property {readonly string[]} [flags] server settings such as `fsync=off`
 * @property {number} [port] a free one by default
 * @property {boolean} [detached] keeps Ctrl-C in the terminal from the server, because the application needs it until
 *   it has shut down (default: true)
 * @property {string | undefined} [bin] the folder of the binaries of another PostgreSQL, which every user can enter
 * @typedef {object} RunningCluster
 * @property {string} url of the database `postgres`
 * @property {number} port
 * @property {number} pid
 * @property {string} data the folder of the data
 * @property {() => Promise<void>} stop
 */

const USER = 'gatehouse';
const MAX_PORTS = 5;
/** The first version whose `initdb` has `--builtin-locale`. */
const BUILTIN_LOCALE_MAJOR = 17;
/** Each process that uses the cluster shares this advisory lock, and the last one gets it exclusively. */
const IN_USE_LOCK = 1;

/**
 * Starts a cluster, and creates it first if the folder is empty. Uses one that already runs. Its `stop` stops the
 * server, unless another process still uses it.
 *
 * @param {Cluster} cluster
 * @param {StartOptions} [options]
 * @returns {Promise<RunningCluster>}
 */
export async function startCluster({ folder, password }, options = {}) {
  const { native, data } = placeCluster(folder);
  const urlOf = (/** @type {number} */ port) => `postgresql://${USER}:${password}@127.0.0.1:${port}/postgres`;
  await makeOpenFolder(dirname(data));
  return exclusively(data, async () => {
    if (!options.bin) await prepareBinaries(native);
    const bin = options.bin ?? join(native, 'bin');
    const running = await findRunning(data, urlOf);
    const { pid, port } = running ?? (await launch(bin, data, password, options));
    const leave = await enter(urlOf(port)).catch(async (error) => {
      if (!running) await stopServer(pid);
      throwIfPasswordDiffers(error, data);
      throw error;
    });
    const stopIfLast = async () => ((await leave()) ? stopServer(pid) : undefined);
    return { url: urlOf(port), port, pid, data, stop: () => exclusively(data, stopIfLast) };
  });
}

/**
 * Marks the cluster as used by this process until the returned function is called, or until the process is killed.
 *
 * @param {string} url
 * @returns {Promise<() => Promise<boolean>>} its result is whether no other process uses the cluster
 */
async function enter(url) {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 10_000, query_timeout: 10_000 });
  // The server may be killed.
  client.on('error', () => undefined);
  await client.connect();
  await client.query('SELECT pg_advisory_lock_shared($1)', [IN_USE_LOCK]);
  return async () => {
    try {
      await client.query('SELECT pg_advisory_unlock_shared($1)', [IN_USE_LOCK]);
      const { rows } = await client.query('SELECT pg_try_advisory_lock($1) AS is_last', [IN_USE_LOCK]);
      return rows[0].is_last;
    } catch {
      // The server does not run.
      return true;
    } finally {
      await client.end().catch(() => undefined);
    }
  };
}

/**
 * @param {string} bin @param {string} data @param {string} password @param {StartOptions} options
 * @returns {Promise<{ pid: number, port: number }>}
 */
async function launch(bin, data, password, { flags = [], port, detached = true }) {
  if (!existsSync(join(data, 'PG_VERSION'))) await initialize(bin, data, password);
  await removeStalePidFile(data);
  for (let attempt = 1; ; attempt += 1) {
    const chosen = port ?? (await freePort());
    try {
      return { pid: await runServer(bin, data, chosen, { flags, detached }), port: chosen };
    } catch (error) {
      // Another process may have taken the free port.
      const isTaken = port === undefined && /could not bind/.test(/** @type {Error} */ (error).message);
      if (!isTaken || attempt === MAX_PORTS) throw error;
    }
  }
}

/**
 * Creates a cluster with one superuser. The folder gets its name at the end, so that an interrupted attempt leaves no
 * incomplete cluster.
 *
 * @param {string} bin @param {string} folder @param {string} password
 */
async function initialize(bin, folder, password) {
  const data = `${folder}.new`;
  await rm(data, { recursive: true, force: true });
  await mkdir(data, { recursive: true, mode: 0o700 });
  const passwordFile = `${data}.password`;
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (isRoot) for (const path of [data, passwordFile]) await chown(path, NOBODY.uid, NOBODY.gid);
  const args = [
    ['-D', data, '-U', USER, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', '--no-instructions'],
    ['--encoding=UTF8', ...(await localeArguments(bin))],
  ].flat();
  try {
    const child = spawn(join(bin, 'initdb'), args, {
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

/**
 * Returns a locale that knows letters beyond ASCII, so that a case-insensitive search finds them too. Before version
 * 17, only the operating system has one.
 *
 * @param {string} bin
 */
async function localeArguments(bin) {
  const { stdout } = await promisify(execFile)(join(bin, 'initdb'), ['--version']);
  return Number(/\d+/.exec(stdout)?.[0]) >= BUILTIN_LOCALE_MAJOR
    ? ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
    : ['--locale=C.UTF-8'];
}
