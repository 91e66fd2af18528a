// Migrated databases for one run, on a server as durable as in production.
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '../../scripts/migrate.js';
import { databaseUrl, execute, newPassword } from '../../scripts/postgres-client.js';
import { startCluster } from '../../scripts/postgres.js';

/** @typedef {import('../../scripts/postgres.js').RunningCluster} Cluster */

/**
 * Does work with a server; it and its files are gone afterwards.
 *
 * @template T
 * @param {(cluster: Cluster) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withCluster(work) {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-bench-'));
  // PostgreSQL may run as another user, who must be able to get there.
  await chmod(folder, 0o755);
  try {
    const cluster = await startCluster({ folder: join(folder, 'postgres'), password: newPassword() });
    try {
      return await work(cluster);
    } finally {
      await cluster.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Makes a migrated database, and puts its `DATABASE_URL` into the environment. @param {Cluster} cluster @param {string} name */
export async function addDatabase(cluster, name) {
  await execute(cluster.url, `CREATE DATABASE ${name}`);
  const url = databaseUrl(cluster.url, name);
  process.env['DATABASE_URL'] = url;
  if ((await migrate(['migration:run'], { quiet: true })) !== 0) throw new Error('The migrations failed.');
  return url;
}

/**
 * Does work with `DATABASE_URL` in the environment; the server and its files are gone afterwards.
 *
 * @template T
 * @param {(url: string) => Promise<T>} work
 * @returns {Promise<T>}
 */
export function withDatabase(work) {
  return withCluster(async (cluster) => work(await addDatabase(cluster, 'gatehouse')));
}
