// What a cluster's lock file tells: whether it runs, and whether a run that was killed left it behind.
import { readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import pg from 'pg';

/**
 * The port of the cluster in this folder, if it is running and takes these credentials.
 *
 * @param {string} data
 * @param {(port: number) => string} urlOf
 * @returns {Promise<number | undefined>}
 */
export async function findRunning(data, urlOf) {
  const port = Number((await readLock(data))[3]);
  if (!port) return undefined;
  const client = new pg.Client({ connectionString: urlOf(port), connectionTimeoutMillis: 2_000 });
  try {
    await client.connect();
    const { rows } = await client.query('SHOW data_directory');
    return resolve(rows[0].data_directory) === data ? port : undefined;
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
  const lock = await readFile(join(data, 'postmaster.pid'), 'utf8').catch(() => '');
  return lock.split('\n');
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
