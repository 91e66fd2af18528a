// What a second worker brings on the same processors, with what else takes them at that time.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { LoadGenerator } from './guarded-request/load.js';
import { askersOf, draw, fill } from './guarded-request/sessions.js';
import { startApplication } from './support/application.js';
import { quantile } from './support/client.js';
import { withDatabase } from './support/database.js';
import { aborted } from './support/instance.js';
import { parentOf, secondsOf, secondsOfTheGone } from './support/processors.js';

const WORKERS = [1, 2];
const SESSIONS = 100_000;
const TOKENS = 1_000;
const ROUNDS = 5;
const SECONDS = 6;
const CONNECTIONS = 64;

/**
 * @typedef {object} Turn
 * @property {number} rps
 * @property {number} p50 in milliseconds
 * @property {number} p99 in milliseconds
 * @property {{ gatehouse: number, postgres: number, wrk: number }} processors how many of them each took
 */

/** @param {AbortSignal} signal */
export async function bench(signal) {
  const generator = await LoadGenerator.wrk();
  const secret = randomBytes(48).toString('base64');
  return withDatabase(async (databaseUrl) => {
    const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
    pool.on('error', () => undefined);
    const folder = await mkdtemp(join(tmpdir(), 'gatehouse-workers-'));
    /** @type {import('./support/server.js').Server[]} */
    const servers = [];
    try {
      await fill(pool, SESSIONS, SESSIONS / 10);
      const file = join(folder, 'Authorization');
      const askers = await askersOf(await draw(pool, TOKENS), secret);
      await writeFile(file, `${askers.map(({ Authorization }) => Authorization).join('\n')}\n`, { mode: 0o600 });
      const { rows } = await pool.query('SELECT pg_backend_pid() AS pid');
      const postgres = parentOf(rows[0].pid);
      for (const workers of WORKERS) {
        const env = { JWT_SECRET: secret, LOG_LEVEL: 'error', PRUNE_INTERVAL: '0s', WORKERS: String(workers) };
        servers.push(await startApplication(env));
      }
      const turns = takeTurns({ servers, postgres, generator, file }, signal);
      report(await Promise.race([turns, aborted(signal)]));
    } finally {
      await Promise.all(servers.map((server) => server.kill()));
      await pool.end();
      await rm(folder, { recursive: true });
    }
  });
}

/**
 * The first round warms up.
 *
 * @param {{ servers: readonly import('./support/server.js').Server[], postgres: number, generator: LoadGenerator, file: string }} given
 * @param {AbortSignal} signal
 * @returns {Promise<Turn[][]>} for each server
 */
async function takeTurns({ servers, postgres, generator, file }, signal) {
  /** @type {Turn[][]} */
  const turns = servers.map(() => []);
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [index, { url, pid }] of servers.entries()) {
      const used = () => ({ gatehouse: secondsOf(pid), postgres: secondsOf(postgres), wrk: secondsOfTheGone() });
      const [before, start] = [used(), performance.now()];
      const load = {
        url: `${url}/users/me`,
        header: 'Authorization',
        file,
        connections: CONNECTIONS,
        seconds: SECONDS,
      };
      const { rps, p50, p99 } = await generator.drive(`WORKERS=${WORKERS[index]}`, load, signal);
      const [after, seconds] = [used(), (performance.now() - start) / 1_000];
      const processors = {
        gatehouse: (after.gatehouse - before.gatehouse) / seconds,
        postgres: (after.postgres - before.postgres) / seconds,
        wrk: (after.wrk - before.wrk) / seconds,
      };
      console.log(`${round === 0 ? 'warm-up' : `round ${round}`}: WORKERS=${WORKERS[index]} ${Math.round(rps)}/s`);
      if (round > 0) turns[index]?.push({ rps, p50, p99, processors });
    }
  }
  return turns;
}

/** @param {readonly Turn[][]} turns for each number of workers */
function report(turns) {
  const rows = turns.map((all, index) => {
    const median = (/** @type {(turn: Turn) => number} */ of) => quantile(all.map(of), 0.5);
    const rates = all.map(({ rps }) => rps);
    return {
      workers: WORKERS[index],
      'requests/s': Math.round(median(({ rps }) => rps)),
      spread: `${Math.round(Math.min(...rates))}–${Math.round(Math.max(...rates))}`,
      'p50 ms': Number(median(({ p50 }) => p50).toFixed(2)),
      'p99 ms': Number(median(({ p99 }) => p99).toFixed(2)),
      'Gatehouse CPUs': Number(median(({ processors }) => processors.gatehouse).toFixed(2)),
      'PostgreSQL CPUs': Number(median(({ processors }) => processors.postgres).toFixed(2)),
      'wrk CPUs': Number(median(({ processors }) => processors.wrk).toFixed(2)),
    };
  });
  console.table(rows);
  const [one, two] = rows.map((row) => row['requests/s']);
  console.log(`${ROUNDS} interleaved rounds of ${SECONDS} s, ${CONNECTIONS} connections, ${TOKENS} tokens`);
  console.log(`two workers / one: ${(Number(two) / Number(one)).toFixed(2)}, on ${availableParallelism()} processors`);
}
