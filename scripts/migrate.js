// TypeORM's migration command line, one instance at a time: `npm run migration:run|revert|show|generate`.
import { createRequire } from 'node:module';
import pg from 'pg';
import { runNode } from './run.js';

/** The advisory lock that migrations take. Any number will do, as long as nobody else in this database uses it. */
const LOCK = 7_041_776;
/** How long, in milliseconds, an instance waits for another one's migrations. */
const LOCK_TIMEOUT = 300_000;

/**
 * Runs a TypeORM command with the built `ormconfig.ts`. Commands that change the schema hold an advisory lock
 * meanwhile: TypeORM has none, and two instances that migrate at once would both run what both find missing.
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

/** @returns {Promise<() => Promise<void>>} */
async function lock() {
  const client = new pg.Client({ connectionString: process.env['DATABASE_URL'], connectionTimeoutMillis: 10_000 });
  // A connection that is lost later fails the migration too; an event that nobody hears would end the process first.
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(`SET lock_timeout = ${LOCK_TIMEOUT}`);
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
  // The lock goes with the connection, however this process ends.
  return () => client.end();
}
