// What the plans of one run do not show: indexes that nothing uses, keys without one, and generic plans.
import { quantile } from '../support/client.js';
import { seen } from './plan.js';

/** How often a statement runs whose time is taken. */
const TIMES = 300;

/** The indexes that are no constraint's. @param {import('pg').Pool} pool @returns {Promise<string[]>} */
export async function plainIndexes(pool) {
  const { rows } = await pool.query(`SELECT indexname FROM pg_indexes WHERE indexname LIKE 'ix\\_%' ORDER BY 1`);
  return rows.map(({ indexname }) => indexname);
}

/** Foreign keys whose columns begin no index. @param {import('pg').Pool} pool @returns {Promise<string[]>} */
export async function keysWithoutIndex(pool) {
  const { rows } = await pool.query(
    `SELECT conname FROM pg_constraint AS key WHERE contype = 'f' AND NOT EXISTS (
       SELECT FROM pg_index WHERE indrelid = key.conrelid
          AND (string_to_array(indkey::text, ' ')::int2[])[1:cardinality(key.conkey)] = key.conkey)`,
  );
  return rows.map(({ conname }) => conname);
}

/**
 * The plan for all values alike, as a prepared statement may get it.
 *
 * @param {import('pg').Pool} pool @param {string} text
 * @returns {Promise<readonly string[]>} growing tables that it reads from the beginning
 */
export async function wholeInGeneric(pool, text) {
  const { rows } = await pool.query(`EXPLAIN (GENERIC_PLAN, FORMAT JSON) ${text}`);
  return seen({ 'Query Text': text, ...rows[0]['QUERY PLAN'][0] }).whole;
}

/**
 * The lookup of the guards, for one session and for as many as are gathered under load, with both kinds of plan.
 *
 * @param {import('pg').Pool} pool @param {string} text
 */
export async function lookups(pool, text) {
  const client = await pool.connect();
  try {
    await client.query('BEGIN');
    await client.query(`PREPARE lookup AS ${text}`);
    const found = [];
    for (const count of [1, 64]) {
      const { rows } = await client.query('SELECT id FROM sessions ORDER BY random() LIMIT $1', [count]);
      const ids = `'{${rows.map(({ id }) => id).join()}}'`;
      for (const kind of ['custom', 'generic']) {
        await client.query(`SET LOCAL plan_cache_mode = force_${kind}_plan`);
        const times = [];
        let last;
        for (let time = 0; time < TIMES; time += 1) {
          const { rows } = await client.query(
            `EXPLAIN (ANALYZE, BUFFERS, TIMING off, FORMAT JSON) EXECUTE lookup(${ids})`,
          );
          last = rows[0]['QUERY PLAN'][0];
          times.push(last['Execution Time']);
        }
        found.push({ count, kind, micros: quantile(times, 0.5) * 1_000, ...seen({ ...last, 'Query Text': text }) });
      }
    }
    return found;
  } finally {
    await client.query('ROLLBACK');
    client.release();
  }
}
