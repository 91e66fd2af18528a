// What a cluster's lock file tells: whether it runs, and whether a run that was killed left it behind.
import { readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import pg from 'pg';

/**
 * The cluster in this folder, if it is running and takes these credentials.
 *
 * @param {string} data
 * @param {(port: number) => string} urlOf
 * @returns {Promise<{ pid: number, port: number } | undefined>}
 */
export async function findRunning(data, urlOf) {
  const [pid, , , port] = (await readLock(data)).map(Number);
  if (!pid || !port) return undefined;
  const client = new pg.Client({ connectionString: urlOf(port), connectionTimeoutMillis: 2_000 });
  client.on('error', () => undefined);
  try {
    await client.connect();
    const { rows } = await client.query('SHOW data_directory');
    return resolve(rows[0].data_directory) === data ? { pid, port } : undefined;
  } catch {
    return undefined;
  } finally {
    await client.end().catch(() => undefined);
  }
}

/**
 * Removes a lock whose process is gone. PostgreSQL does that itself, unless another process was given the same
 * number since.
 *
 * @param {string} data
 */
export async function removeStaleLock(data) {
  const pid = Number((await readLock(data))[0]);
  if (pid && !(await isPostgres(pid))) await rm(join(data, 'postmaster.pid'), { force: true });
}

/** The lines of the lock file: process id, data folder, start, port, and more. @param {string} data */
async function readLock(data) {
  return (await readText(join(data, 'postmaster.pid'))).split('\n');
}

/** A file's text; empty if there is none. @param {string} path @returns {Promise<string>} */
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
    // It is there, and somebody else's.
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'EPERM';
  }
}
