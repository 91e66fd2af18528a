// Measures the figures of docs/scaling.md: updates that change no index, and sessions in one table and in partitions.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Command } from 'commander';
import { GrowthWorld } from './growth/world.js';
import { nameOf, ROUTE_CALLS } from './routes/calls.js';
import { measureUpdates } from './scale/heap-only.js';
import { measureRefreshes } from './scale/refreshes.js';
import { withPostgres } from './support/postgres.js';
import { cpuSeconds } from './support/processors.js';
import { median, rounded, verdict, wholeNumber } from './support/report.js';
import { withGatehousePerDatabase } from './support/server.js';
import { insertSessions, writeTokens } from './support/sessions.js';
import { inTurns } from './support/turns.js';
import { drive, requireWrk } from './support/wrk.js';

const CONNECTIONS = 64;
const TRIES = 3;
const MAX_GROWTH = 1.1;
/** Requests that have only the ID of a session, or no user at all, read every partition. */
const READS_ALL = /admin\/(sessions|users)/;
/** The benchmark only reads many rows, so it need not be durable while it writes them. */
const FLAGS = [
  'shared_preload_libraries=pg_stat_statements',
  'fsync=off',
  'autovacuum=off',
  'max_wal_size=8GB',
  'shared_buffers=512MB',
];

/**
 * @typedef {{ sessions: number, updates: number, rounds: number, seconds: number }} Options
 * @typedef {{ name: string, url: string, pid: number, pool: import('pg').Pool }} Instance a database and an application
 */

export const command = new Command('scale')
  .description('Measures updates of sessions, and compares one table with 16 partitions. Needs Linux.')
  .option('--sessions <n>', 'sessions in each database, ten for each user', wholeNumber(5_000), 2_000_000)
  .option('--updates <n>', 'sessions that are updated, of five times as many', wholeNumber(1_000), 50_000)
  .option('--rounds <n>', 'how often the guarded request is measured with each database', wholeNumber(1), 7)
  .option('--seconds <n>', 'how long each measurement takes', wholeNumber(1), 3);

/** @param {Options} options @param {AbortSignal} signal */
export async function run(options, signal) {
  await requireWrk();
  return withPostgres(
    signal,
    async (postgres) => {
      const areHeapOnly = await measureUpdates(
        (await postgres.createDatabase('updates')).pool,
        options.updates,
        postgres.pid,
      );
      const plain = await postgres.createDatabase('plain');
      const partitions = await postgres.createDatabase('partitions');
      await partitions.pool.query(await readFile('docs/scaling/partition-sessions.sql', 'utf8'));
      const databases = [
        { name: 'one table', ...plain },
        { name: '16 partitions', ...partitions },
      ];
      for (const { pool } of databases) await insertSessions(pool, options.sessions);
      for (const { name, pool } of databases) await printSize(name, pool, options.sessions);
      return withGatehousePerDatabase(databases, signal, async (instances) => {
        const isGuardedFlat = await measureGuarded(instances, postgres, options, signal);
        return (await measurePages(instances, postgres.pid)) && isGuardedFlat && areHeapOnly;
      });
    },
    FLAGS,
  );
}

/** @param {string} name @param {import('pg').Pool} pool @param {number} sessions */
async function printSize(name, pool, sessions) {
  const { rows } = await pool.query(
    `SELECT sum(pg_table_size(oid))::float8 AS heap, sum(pg_indexes_size(oid))::float8 AS indexes
       FROM pg_class WHERE relname ~ '^sessions(_\\d+)?$' AND relkind = 'r'`,
  );
  const [heap, indexes] = [rows[0].heap / sessions, rows[0].indexes / sessions].map(Math.round);
  console.log(`${name}: a session takes ${heap} bytes, and ${indexes} bytes in indexes.`);
}

/**
 * @param {readonly Instance[]} instances @param {import('./support/postgres.js').Postgres} postgres @param {Options} options
 * @param {AbortSignal} signal
 */
async function measureGuarded(instances, postgres, { rounds, seconds }, signal) {
  for (const { name, pool, url } of instances) {
    await writeTokens(pool, url, join(postgres.folder, name));
    await pool.query('CREATE EXTENSION pg_stat_statements');
  }
  await instances[0]?.pool.query('SELECT pg_stat_statements_reset()');
  const turns = await inTurns(instances, rounds, async ({ name, url, pid }) => {
    const before = [cpuSeconds(pid), cpuSeconds(postgres.pid)];
    const load = { url: `${url}/users/me`, file: join(postgres.folder, name), connections: CONNECTIONS, seconds };
    const { rps } = await drive(name, load, signal);
    const [application = 0, database = 0] = [cpuSeconds(pid), cpuSeconds(postgres.pid)].map(
      (used, i) => ((used - Number(before[i])) / (rps * seconds)) * 1e6,
    );
    return { rps, application, database };
  });
  /** @type {Record<string, string | number>[]} */
  const rows = [];
  for (const { name, pool } of instances) {
    const all = turns.get(name) ?? [];
    const { rows: lookups } = await pool.query(
      `SELECT (sum(shared_blks_hit + shared_blks_read) / sum(rows))::float8 AS pages, (sum(rows) / sum(calls))::float8 AS batch
         FROM pg_stat_statements JOIN pg_database d ON d.oid = dbid
        WHERE datname = current_database() AND query LIKE '%unnest%last_seen_stale%'`,
    );
    // Other programs only add processor time, so the least is the most exact.
    const least = (/** @type {(turn: (typeof all)[number]) => number} */ of) => rounded(Math.min(...all.map(of)));
    rows.push({
      'guarded request': name,
      'requests/s': Math.round(median(all.map(({ rps }) => rps))),
      'µs of Gatehouse': least(({ application }) => application),
      'µs of PostgreSQL': least(({ database }) => database),
      'pages per session': rounded(lookups[0].pages),
      'sessions per lookup': rounded(lookups[0].batch),
    });
  }
  console.table(rows);
  /** Partitions change only PostgreSQL's part. Gatehouse's own varies more than that. */
  const application = Math.min(...rows.map((row) => Number(row['µs of Gatehouse'])));
  const ratio = (/** @type {'µs of PostgreSQL' | 'pages per session'} */ column, constant = 0) =>
    (constant + Number(rows[1]?.[column])) / (constant + Number(rows[0]?.[column]));
  const percent = (/** @type {number} */ value) => `${((value - 1) * 100).toFixed(1)} % more (at most 10 %)`;
  const [cpu, pages] = [ratio('µs of PostgreSQL', application), ratio('pages per session')];
  const isCheap = verdict(cpu <= MAX_GROWTH, `processor time of a guarded request in partitions: ${percent(cpu)}`);
  return verdict(pages <= MAX_GROWTH, `pages of a lookup in partitions: ${percent(pages)}`) && isCheap;
}

/** @param {readonly Instance[]} instances @param {number} postgres */
async function measurePages(instances, postgres) {
  /** @type {Record<string, Record<string, number>>} pages of each route in each database */
  const routes = {};
  for (const { name, pool, url } of instances) {
    await pool.query('DROP EXTENSION pg_stat_statements');
    const world = await GrowthWorld.create(url, pool);
    for (const call of ROUTE_CALLS) {
      const tries = [];
      for (let count = 0; count < TRIES; count += 1) tries.push(await world.pagesOf(await call.prepare(world)));
      (routes[nameOf(call)] ??= {})[name] = median(tries);
    }
    console.log(`${name}: ${await measureRefreshes(world, postgres)} µs of PostgreSQL per refresh.`);
  }
  console.log('Pages that PostgreSQL reads for a request:');
  console.table(routes);
  const exceeding = Object.keys(routes).filter((name) => {
    const [before, after] = instances.map((instance) => Number(routes[name]?.[instance.name]));
    return !READS_ALL.test(name) && Number(after) > MAX_GROWTH * Number(before) + 2;
  });
  return verdict(
    exceeding.length === 0,
    `no other request reads 10 % more pages in partitions ${exceeding.join(', ')}`,
  );
}
