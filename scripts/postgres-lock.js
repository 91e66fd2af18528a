// Finds running clusters and locks their folders.
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';

/** The SQLSTATE for a wrong password. */
const INVALID_PASSWORD = '28P01';
/** How long a command waits for another one that starts or stops the cluster. */
const LOCK_TIMEOUT_MS = 60_000;

/**
 * Returns the running cluster of this folder. Throws if it has another password.
 *
 * @param {string} data
 * @param {(port: number) => string} urlOf
 * @returns {Promise<{ pid: number, port: number } | undefined>}
 */
export async function findRunning(data, urlOf) {
  const [pid, , , port] = (await readPidFile(data)).map(Number);
  if (!pid || !port) return undefined;
  const client = new pg.Client({ connectionString: urlOf(port), connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query('SHOW data_directory');
    return resolve(rows[0].data_directory) === data ? { pid, port } : undefined;
  } catch (error) {
    // After a kill, another server may use the port.
    if (isAlive(pid) && (await isPostgres(pid))) throwIfPasswordDiffers(error, data, pid);
    return undefined;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Throws an error with instructions if a cluster rejected the password. Its folder may be outside the checkout, so the
 * password can be lost without the data.
 *
 * @param {unknown} error @param {string} data @param {number} [pid] set if the server still runs
 */
export function throwIfPasswordDiffers(error, data, pid) {
  if (/** @type {{ code?: string }} */ (error).code !== INVALID_PASSWORD) return;
  throw new Error(
    `The database in ${data} has another password than this checkout. An earlier checkout in the same folder may have ` +
      `created it.\nTo start with an empty database, ${pid ? `stop process ${pid} and ` : ''}delete ${data}\n` +
      'To keep the data, restore .data/development.json of that checkout.',
  );
}

/**
 * Removes the pid file of a killed cluster. PostgreSQL does so itself, unless another process has the same pid now.
 *
 * @param {string} data
 */
export async function removeStalePidFile(data) {
  const pid = Number((await readPidFile(data))[0]);
  if (pid && !(await isPostgres(pid))) await rm(join(data, 'postmaster.pid'), { force: true });
}

/**
 * Runs work that only one process at a time may do with this cluster.
 *
 * @template T
 * @param {string} data
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function exclusively(data, work) {
  const file = `${data}.lock`;
  const deadline = Date.now() + LOCK_TIMEOUT_MS;
  while (!(await createLock(file))) {
    if (Date.now() > deadline)
      throw new Error(`Another command has locked ${file}. If none is running, delete the file.`);
    await sleep(50);
  }
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

/** Returns false if another process has the lock. Removes the lock of a killed one. @param {string} file */
async function createLock(file) {
  try {
    await writeFile(file, String(process.pid), { flag: 'wx' });
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code !== 'EEXIST') throw error;
    const pid = Number(await readText(file));
    if (pid && !isAlive(pid)) await rm(file, { force: true });
    return false;
  }
}

/** Returns its lines: process ID, data folder, start time, port and more. @param {string} data */
async function readPidFile(data) {
  return (await readText(join(data, 'postmaster.pid'))).split('\n');
}

/** Returns an empty string if the file does not exist. @param {string} path @returns {Promise<string>} */
async function readText(path) {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'ENOENT') return '';
    throw error;
  }
}

/** @param {number} pid */
async function isPostgres(pid) {
  if (process.platform !== 'linux') return isAlive(pid);
  return (await readText(`/proc/${pid}/cmdline`)).includes('postgres');
}

/** @param {number} pid */
export function isAlive(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // The process exists, but belongs to another user.
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}
