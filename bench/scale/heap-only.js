import { cpuSeconds } from '../support/processors.js';
import { rounded, verdict } from '../support/report.js';
import { insertSessions } from '../support/sessions.js';

/** As many sessions as one statement marks on a busy instance. */
const BATCH_SIZE = 500;
/** Most pages of a large table are full, and get no second update soon. */
const SESSIONS_PER_UPDATE = 5;
const MIN_SHARE = 0.99;
const LAST_SEEN = 'last_seen_at = now()';
const ROTATION = `refresh_counter = refresh_counter + 1, refreshed_at = now(), last_seen_at = now(),
  idle_expires_at = least(now() + interval '30 days', expires_at)`;

/**
 * Updates sessions in full pages, in random order, with the fill factor of the migrations and with PostgreSQL's own.
 * Returns whether nearly all updates were heap-only with the former.
 *
 * @param {import('pg').Pool} pool @param {number} updates @param {number} postgres the process of PostgreSQL
 */
export async function measureUpdates(pool, updates, postgres) {
  await insertSessions(pool, SESSIONS_PER_UPDATE * updates);
  const rows = [];
  for (const setting of ['RESET (fillfactor)', 'SET (fillfactor = 85)']) {
    for (const [update, columns] of Object.entries({ last_seen_at: LAST_SEEN, rotation: ROTATION })) {
      await pool.query(`ALTER TABLE sessions ${setting}`);
      await pool.query('VACUUM FULL sessions');
      const { rows: size } = await pool.query(`SELECT pg_relation_size('sessions')::float8 AS heap`);
      const { hot, wal, cpu } = await updateSome(pool, updates, columns, postgres);
      rows.push({
        'fill factor': setting.startsWith('SET') ? 85 : 100,
        update,
        'heap-only updates': `${hot} of ${updates}`,
        isHeapOnly: hot >= MIN_SHARE * updates,
        'heap, MB': Math.round(size[0].heap / 1e6),
        'WAL per update, bytes': Math.round(wal / updates),
        'µs of PostgreSQL per update': rounded((cpu / updates) * 1e6),
      });
    }
  }
  console.table(rows.map(({ isHeapOnly: _, ...row }) => row));
  const areAllHot = rows.filter((row) => row['fill factor'] === 85).every(({ isHeapOnly }) => isHeapOnly);
  return verdict(areAllHot, 'with a fill factor of 85, fewer than 1 % of the updates change an index');
}

/** @param {import('pg').Pool} pool @param {number} updates @param {string} columns @param {number} postgres */
async function updateSome(pool, updates, columns, postgres) {
  const { rows: ids } = await pool.query('SELECT user_id, id FROM sessions ORDER BY random() LIMIT $1', [updates]);
  const counters = async () => {
    await pool.query('SELECT pg_stat_force_next_flush()');
    const { rows } = await pool.query(
      `SELECT n_tup_hot_upd::int AS hot, pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::float8 AS wal
         FROM pg_stat_user_tables WHERE relname = 'sessions'`,
    );
    return rows[0];
  };
  const before = await counters();
  const cpuBefore = cpuSeconds(postgres);
  for (let start = 0; start < updates; start += BATCH_SIZE) {
    const batch = ids.slice(start, start + BATCH_SIZE);
    await pool.query(
      `UPDATE sessions s SET ${columns} FROM unnest($1::uuid[], $2::uuid[]) AS k (user_id, id)
        WHERE s.user_id = k.user_id AND s.id = k.id`,
      [batch.map((row) => row.user_id), batch.map((row) => row.id)],
    );
  }
  const cpu = cpuSeconds(postgres) - cpuBefore;
  const after = await counters();
  return { hot: after.hot - before.hot, wal: after.wal - before.wal, cpu };
}
