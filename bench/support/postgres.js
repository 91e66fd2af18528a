// A temporary PostgreSQL server that is as durable as in production.
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { migrate } from '../../scripts/migrate.js';
import { databaseUrl, execute, newPassword } from '../../scripts/postgres-client.js';
import { startCluster } from '../../scripts/postgres.js';

/**
 * @typedef {object} Postgres
 * @property {number} pid
 * @property {string} folder for temporary files
 * @property {(name: string) => Promise<{ url: string, pool: pg.Pool }>} createDatabase also sets `DATABASE_URL`
 */

/**
 * Runs work with a PostgreSQL server, then deletes the server and its files. An interruption ends the work early.
 *
 * @template T
 * @param {AbortSignal} signal @param {(postgres: Postgres) => Promise<T>} work
 * @param {readonly string[]} [flags] server settings such as `fsync=off`
 * @returns {Promise<T>}
 */
export async function withPostgres(signal, work, flags = []) {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-bench-'));
  // PostgreSQL runs as another user if root starts it.
  await chmod(folder, 0o755);
  /** @type {pg.Pool[]} */
  const pools = [];
  try {
    const cluster = await startCluster({ folder: join(folder, 'postgres'), password: newPassword() }, { flags });
    const createDatabase = async (/** @type {string} */ name) => {
      await execute(cluster.url, `CREATE DATABASE ${name}`);
      const url = databaseUrl(cluster.url, name);
      process.env['DATABASE_URL'] = url;
      if ((await migrate(['migration:run'], { quiet: true })) !== 0) throw new Error('The migrations failed.');
      const pool = new pg.Pool({ connectionString: url, max: 1 });
      // Without a listener, the end of the server would be an uncaught error.
      pool.on('error', () => undefined);
      pools.push(pool);
      return { url, pool };
    };
    try {
      signal.throwIfAborted();
      const interruption = once(signal, 'abort').then(() => Promise.reject(signal.reason));
      return await Promise.race([work({ pid: cluster.pid, folder, createDatabase }), interruption]);
    } finally {
      await Promise.all([cluster.stop(), ...pools.map((pool) => pool.end())]);
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
