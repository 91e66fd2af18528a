// A migrated database for one run, on a server as durable as in production.
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { migrate } from '../../scripts/migrate.js';
import { databaseUrl, execute, newPassword } from '../../scripts/postgres-client.js';
import { startCluster } from '../../scripts/postgres.js';

/**
 * Does work with `DATABASE_URL` in the environment; the server and its files are gone afterwards.
 *
 * @template T
 * @param {(url: string) => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withDatabase(work) {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-bench-'));
  // PostgreSQL may run as another user, who must be able to get there.
  await chmod(folder, 0o755);
  const cluster = await startCluster({ folder: join(folder, 'postgres'), password: newPassword() });
  try {
    await execute(cluster.url, 'CREATE DATABASE gatehouse');
    const url = databaseUrl(cluster.url, 'gatehouse');
    process.env['DATABASE_URL'] = url;
    if ((await migrate(['migration:run'], { quiet: true })) !== 0) throw new Error('The migrations failed.');
    return await work(url);
  } finally {
    await cluster.stop();
    await rm(folder, { recursive: true, force: true });
  }
}
