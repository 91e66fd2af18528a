// Runs TypeORM's migration commands.
import { createRequire } from 'node:module';
import { readConfig } from './environment.js';
import { runNode } from './run.js';

/** The advisory lock of migrations, an arbitrary number. */
const LOCK = 7_041_776;
const LOCK_TIMEOUT_MS = 300_000;

/**
 * The old and new names of migrations whose timestamps were in the future. A database that ran one must not run it
 * again.
 */
const RENAMED = {
  CreateAuditEvents1795718900000: 'CreateAuditEvents1795418902000',
  CreateOneTimeTokens1795718901000: 'CreateOneTimeTokens1795418903000',
  CreateMails1795718902000: 'CreateMails1795418904000',
  CreateRateLimits1795718903000: 'CreateRateLimits1795418905000',
  CreateSchedule1795718950000: 'CreateSchedule1795418906000',
  AddPasswordChangedAt1795719000000: 'AddPasswordChangedAt1795418907000',
};

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

/** @param {import('pg').Client} client */
async function renameMigrations(client) {
  const { rows } = await client.query(`SELECT to_regclass('migrations') IS NOT NULL AS exists`);
  if (!rows[0].exists) return;
  await client.query(
    `UPDATE migrations SET name = renamed.value, timestamp = right(renamed.value, 13)::bigint
       FROM json_each_text($1) AS renamed WHERE name = renamed.key`,
    [JSON.stringify(RENAMED)],
  );
}

/** Connects as the migrations do. @returns {Promise<import('pg').Client>} */
async function connect() {
  const folder = new URL('../dist/src/platform/database/', import.meta.url).href;
  const { connectDatabase } = await import(`${folder}database.options.js`);
  const { describeOutage } = await import(`${folder}connect-errors.js`);
  const { database } = await readConfig();
  return connectDatabase(database).catch((/** @type {Error} */ error) => {
    throw new Error(describeOutage(error));
  });
}

/** Throws if the role of the application would run migrations. @param {import('pg').Client} client */
async function checkRole(client) {
  const { rows } = await client.query(
    `SELECT current_user AS role FROM (SELECT current_schema() AS schema) AS search_path
      WHERE NOT has_schema_privilege(schema, 'CREATE')`,
  );
  if (rows.length === 0) return;
  throw new Error(
    `The role ${rows[0].role} may not create tables in the schema. Run migrations with the role that owns the schema. ` +
      'See docs/operations.md, Database roles.',
  );
}

/** @returns {Promise<() => Promise<void>>} releases the lock. The end of this process releases it too */
async function lock() {
  const client = await connect();
  try {
    await checkRole(client);
    await client.query(`SET lock_timeout = ${LOCK_TIMEOUT_MS}`);
    await client.query('SELECT pg_advisory_lock($1)', [LOCK]);
    await renameMigrations(client);
  } catch (error) {
    await client.end().catch(() => undefined);
    throw error;
  }
  return () => client.end();
}
