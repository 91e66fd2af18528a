// What the guarded request costs on databases of different sizes, in turns.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startApplication } from '../support/application.js';
import { askersOf } from '../guarded-request/sessions.js';
import { secondsOf } from '../support/processors.js';

const CONNECTIONS = 64;
const TOKENS = 1_000;

/**
 * @typedef {object} Turn
 * @property {number} rps requests per second
 * @property {number} micros processor time of a request in microseconds, the application's and PostgreSQL's together
 *
 * @typedef {{ size: number, url: string, pool: import('pg').Pool }} Database
 */

/**
 * @param {import('../guarded-request/load.js').LoadGenerator} generator
 * @param {readonly Database[]} databases @param {number} postgres the server's process
 * @param {{ rounds: number, seconds: number }} options @param {string} secret @param {AbortSignal} signal
 * @returns {Promise<ReadonlyMap<number, Turn[]>>} by size; the first turn, which warms up, is none
 */
export async function guardedTurns(generator, databases, postgres, { rounds, seconds }, secret, signal) {
  const folder = await mkdtemp(join(tmpdir(), 'gatehouse-growth-'));
  /** @type {import('../support/server.js').Server[]} */
  const apps = [];
  /** @type {Map<number, Turn[]>} */
  const turns = new Map(databases.map(({ size }) => [size, []]));
  try {
    for (const { size, url, pool } of databases) {
      const { rows } = await pool.query(
        `SELECT s.id AS "sessionId", user_id AS "userId" FROM sessions s JOIN users u ON u.id = s.user_id
          WHERE u.is_active AND s.revoked_at IS NULL AND s.idle_expires_at > now() ORDER BY random() LIMIT $1`,
        [TOKENS],
      );
      const askers = await askersOf(rows, secret);
      await writeFile(join(folder, String(size)), askers.map((asker) => `${asker.Authorization}\n`).join(''), {
        mode: 0o600,
      });
      apps.push(await startApplication({ DATABASE_URL: url, LOG_LEVEL: 'warn', PRUNE_INTERVAL: '0s' }));
    }
    for (let round = 0; round <= rounds; round += 1) {
      for (const index of order(databases.length, round)) {
        const [database, app] = [databases[index], apps[index]];
        if (!database || !app) continue;
        const file = join(folder, String(database.size));
        const processorTime = () => secondsOf(app.pid) + secondsOf(postgres);
        const before = processorTime();
        const load = { url: `${app.url}/users/me`, header: 'Authorization', file, connections: CONNECTIONS, seconds };
        const { rps } = await generator.drive('Gatehouse', load, signal);
        const used = processorTime() - before;
        if (round > 0) turns.get(database.size)?.push({ rps, micros: (used / (rps * seconds)) * 1e6 });
      }
    }
    return turns;
  } finally {
    await Promise.all(apps.map((app) => app.kill()));
    await rm(folder, { recursive: true });
  }
}

/** Forth and back, so that nobody always comes first. @param {number} count @param {number} round */
function order(count, round) {
  const forth = Array.from({ length: count }, (_, index) => index);
  return round % 2 === 0 ? forth : forth.reverse();
}
