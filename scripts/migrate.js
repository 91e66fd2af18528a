// TypeORM's migration command line, one instance at a time: `npm run migration:run|revert|show|generate`.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import pg from 'pg';

/** The advisory lock that migrations take. Any number will do, as long as nobody else in this database uses it. */
const LOCK = 7_041_776;
/** How long, in milliseconds, an instance waits for another one's migrations. */
const LOCK_TIMEOUT = 300_000;

/**
 * Runs a TypeORM command with the built `ormconfig.ts`. Commands that change the schema hold an advisory lock
 * meanwhile: TypeORM has none, and two instances that migrate at once would both run what both find missing.
 *
 * @param {readonly string[]} args such as `['migration:run']`
 * @param {{ quiet?: boolean }} [options]
 * @returns {Promise<number>} the exit code
 */
export async function migrate(args, { quiet = false } = {}) {
  const changesSchema = args[0] === 'migration:run' || args[0] === 'migration:revert';
  const release = changesSchema ? await lock() : async () => undefined;
  try {
    return await typeorm(args, quiet);
  } finally {
    await release();
  }
}

/** @returns {Promise<() => Promise<void>>} */
async function lock() {
  const client = new pg.Client({ connectionString: process.env['DATABASE_URL'], connectionTimeoutMillis: 10_000 });
  await client.connect();
  await client.query(`SET lock_timeout = ${LOCK_TIMEOUT}`);
  await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
  // The lock goes with the connection, however this process ends.
  return () => client.end();
}

/** @param {readonly string[]} args @param {boolean} quiet @returns {Promise<number>} */
async function typeorm(args, quiet) {
  const cli = createRequire(import.meta.url).resolve('typeorm/cli.js');
  const child = spawn(process.execPath, [cli, ...args, '--dataSource', 'dist/ormconfig.js'], {
    stdio: ['inherit', quiet ? 'pipe' : 'inherit', 'inherit'],
  });
  let output = '';
  child.stdout?.on('data', (chunk) => (output += chunk));
  const [code] = await once(child, 'exit');
  if (code !== 0 && quiet) process.stdout.write(output);
  return code ?? 1;
}
