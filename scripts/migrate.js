// Runs TypeORM's migration commands.
import { createRequire } from 'node:module';
import pg from 'pg';
import { runNode } from './run.js';

/** The advisory lock of migrations, an arbitrary number. */
const LOCK = 7_041_776;
const LOCK_TIMEOUT_MS = 300_000;

/**
 * Runs a TypeORM command with the built `ormconfig.ts`. Commands that change the schema take an advisory lock, because
 * TypeORM has none: two instances that start together would both run the same migrations.
 *
 * @param {readonly string[]} args such as `['migration:run']`
 * @param {{ quiet?: boolean, signal?: AbortSignal }} [options]
 * @returns {Promise<number>} the exit code
 */
export async function migrate(args, options = {}) {
  const changesSchema = args[0] === 'migration:run' || args[0] === 'migration:revert';
  const release = changesSchema ? await lock() : async () => undefined;
  try {
    const cli = createRequire(import.meta.url).resolve('typeorm/cli.js');
    return await runNode([cli, ...args, '--dataSource', 'dist/ormconfig.js'], options);
  } finally {
    await release();
  }
}

/** @returns {Promise<() => Promise<void>>} releases the lock. The end of this process releases it too */
async function lock() {
  const client = new pg.Client({ connectionString: process.env['DATABASE_URL'], connectionTimeoutMillis: 10_000 });
  // Without a listener, a lost connection would end the process. The migration itself fails then too.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
  return () => client.end();
}
