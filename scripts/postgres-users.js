// Who uses a cluster: several commands may at once, and the last one stops it.
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isAlive } from './postgres-lock.js';

/** How long, in milliseconds, a command waits for another one that is starting or stopping the cluster. */
const TIMEOUT = 60_000;

/**
 * Forgets whoever used a cluster that does not run: they were killed, and their numbers may be other processes' now.
 *
 * @param {string} data
 */
export async function forgetAll(data) {
  await rm(`${data}.users`, { recursive: true, force: true });
}

/** Notes that this process uses the cluster. @param {string} data */
export async function enter(data) {
  await mkdir(`${data}.users`, { recursive: true });
  await writeFile(join(`${data}.users`, String(process.pid)), '');
}

/**
 * Notes that this process does not use the cluster any more. One that was killed could not say so, and does not count.
 *
 * @param {string} data
 * @returns {Promise<boolean>} whether nobody else does
 */
export async function leave(data) {
  await rm(join(`${data}.users`, String(process.pid)), { force: true });
  const others = await readdir(`${data}.users`);
  return !others.some((pid) => isAlive(Number(pid)));
}

/**
 * Does work that only one process may do at a time for this cluster.
 *
 * @template T
 * @param {string} data
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function exclusively(data, work) {
  const lock = `${data}.lock`;
  const holder = join(lock, 'pid');
  const deadline = Date.now() + TIMEOUT;
  while (!(await tryToMake(lock))) {
    const pid = Number(await readFile(holder, 'utf8').catch(() => ''));
    if (pid && !isAlive(pid)) await rm(lock, { recursive: true, force: true });
    if (Date.now() > deadline) throw new Error(`Another command holds ${lock}. If none is running, delete it.`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  try {
    await writeFile(holder, String(process.pid));
    return await work();
  } finally {
    await rm(lock, { recursive: true, force: true });
  }
}

/** @param {string} folder whether it was this call that made it */
async function tryToMake(folder) {
  try {
    await mkdir(folder);
    return true;
  } catch (error) {
    if (/** @type {NodeJS.ErrnoException} */ (error).code === 'EEXIST') return false;
    throw error;
  }
}
