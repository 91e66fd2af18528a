// Measures guarded requests with one and with two workers, and how many processors each part uses.
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { withPostgres } from './support/postgres.js';
import { cpuSeconds, endedChildrenCpuSeconds } from './support/processors.js';
import { median, rounded, wholeNumber } from './support/report.js';
import { gatehouse, withServers } from './support/server.js';
import { insertSessions, writeTokens } from './support/sessions.js';
import { inTurns } from './support/turns.js';
import { drive, requireWrk } from './support/wrk.js';

const CONNECTIONS = 64;

/** @typedef {{ sessions: number, rounds: number, seconds: number }} Options */

export const command = new Command('workers')
  .description('Measures guarded requests with one and with two workers on the same processors. Needs Linux.')
  .option('--sessions <n>', 'sessions in the database, ten for each user', wholeNumber(2_000), 100_000)
  .option('--rounds <n>', 'how often each is measured', wholeNumber(1), 5)
  .option('--seconds <n>', 'how long each measurement takes', wholeNumber(1), 6);

/** @param {Options} options @param {AbortSignal} signal */
export async function run({ sessions, rounds, seconds }, signal) {
  await requireWrk();
  return withPostgres(signal, async (postgres) => {
    const { pool } = await postgres.createDatabase('gatehouse');
    await insertSessions(pool, sessions);
    const starts = ['1', '2'].map(
      (WORKERS) => /** @type {const} */ ([`WORKERS=${WORKERS}`, () => gatehouse({ WORKERS })]),
    );
    return withServers(starts, signal, async (servers) => {
      const file = join(postgres.folder, 'tokens');
      await writeTokens(pool, servers[0]?.url ?? '', file);
      const turns = await inTurns(servers, rounds, async ({ name, url, pid }) => {
        const used = () => [cpuSeconds(pid), cpuSeconds(postgres.pid), endedChildrenCpuSeconds()];
        const [before, start] = [used(), performance.now()];
        const turn = await drive(name, { url: `${url}/users/me`, file, connections: CONNECTIONS, seconds }, signal);
        const elapsedSeconds = (performance.now() - start) / 1_000;
        const [app = 0, database = 0, wrk = 0] = used().map((after, i) => (after - (before[i] ?? 0)) / elapsedSeconds);
        return { ...turn, app, database, wrk };
      });
      report(turns);
      return true;
    });
  });
}

/** @typedef {import('./support/wrk.js').Turn & { app: number, database: number, wrk: number }} Turn */

/** @param {ReadonlyMap<string, readonly Turn[]>} turns by the setting */
function report(turns) {
  const rows = [...turns].map(([name, all]) => {
    const medianOf = (/** @type {keyof Turn} */ figure) => rounded(median(all.map((turn) => turn[figure])));
    return {
      name,
      'requests/s': Math.round(medianOf('rps')),
      'p50 ms': medianOf('p50'),
      'p99 ms': medianOf('p99'),
      'processors: Gatehouse': medianOf('app'),
      PostgreSQL: medianOf('database'),
      wrk: medianOf('wrk'),
    };
  });
  console.table(rows);
  const ratio = Number(rows[1]?.['requests/s']) / Number(rows[0]?.['requests/s']);
  console.log(`Two workers are ${ratio.toFixed(2)} times as fast. All share ${availableParallelism()} processors.`);
}
