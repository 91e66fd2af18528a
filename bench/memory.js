// Whether the application's memory stays as it is under load: guarded requests as fast as they go, and beside them
// sign-ins, refreshes and errors.
import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import pg from 'pg';
import { LoadGenerator } from './guarded-request/load.js';
import { askersOf, draw, fill } from './guarded-request/sessions.js';
import { chart } from './memory/chart.js';
import { others } from './memory/others.js';
import { COST, register } from './support/accounts.js';
import { quantile } from './support/client.js';
import { withInstance } from './support/instance.js';

export { parse } from './memory/options.js';

const TOKENS = 1_000;
const CONNECTIONS = 64;
/** Who sign in. Each has fifty sessions after a while, and the oldest end. */
const ACCOUNTS = 10;
/** How long wrk drives before its connections are new, in seconds. */
const TURN = 20;
/** How much more memory the last third of the time may take than the one before it; the first warms up. */
const ALLOWED_MORE = 1.05;

/**
 * @param {AbortSignal} signal @param {import('./memory/options.js').Options} options
 * @returns {Promise<boolean>} whether the promise was kept
 */
export async function bench(signal, { minutes, sessions, out }) {
  const generator = await LoadGenerator.wrk();
  const secret = randomBytes(48).toString('base64');
  const env = { JWT_SECRET: secret, BCRYPT_COST: String(COST) };
  return withInstance({ env, signal }, async ({ url, databaseUrl, pid }) => {
    const folder = await mkdtemp(join(tmpdir(), 'gatehouse-memory-'));
    const pool = new pg.Pool({ connectionString: databaseUrl, max: 1 });
    pool.on('error', () => undefined);
    const stop = new AbortController();
    try {
      const emails = await register(url, ACCOUNTS);
      await fill(pool, sessions, Math.floor(sessions / 10));
      const askers = await askersOf(await draw(pool, TOKENS), secret);
      const file = join(folder, 'tokens');
      await writeFile(file, askers.map(({ Authorization }) => `${Authorization}\n`).join(''), { mode: 0o600 });
      const seconds = minutes * 60;
      console.log(`${minutes} minutes of load …`);
      // Whatever fails first ends the others.
      const driven = Promise.all([
        sample(pid, seconds, AbortSignal.any([signal, stop.signal])),
        drive(generator, { url, file, seconds }, signal),
      ]).finally(() => stop.abort());
      const [[samples, requests], beside] = await Promise.all([driven, others(url, emails, stop.signal)]);
      return await report({ samples, requests, ...beside, minutes, out });
    } finally {
      stop.abort();
      await pool.end();
      await rm(folder, { recursive: true });
    }
  });
}

/** @param {LoadGenerator} generator @param {{ url: string, file: string, seconds: number }} load @param {AbortSignal} signal @returns {Promise<number>} how many guarded requests there were */
async function drive(generator, { url, file, seconds }, signal) {
  let requests = 0;
  for (let left = seconds; left > 0; left -= TURN) {
    const turn = Math.min(left, TURN);
    const load = { url: `${url}/users/me`, header: 'Authorization', file, connections: CONNECTIONS, seconds: turn };
    requests += (await generator.drive('Gatehouse', load, signal)).rps * turn;
  }
  return Math.round(requests);
}

/** The resident memory of a process, each second. @param {number} pid @param {number} seconds @param {AbortSignal} signal @returns {Promise<number[]>} MiB */
async function sample(pid, seconds, signal) {
  const samples = [];
  const start = performance.now();
  for (let second = 0; second <= seconds; second += 1) {
    await wait(Math.max(0, start + second * 1_000 - performance.now()), undefined, { signal });
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    samples.push(Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1_024);
  }
  return samples;
}

/**
 * @param {object} given
 * @param {readonly number[]} given.samples @param {number} given.requests @param {number} given.minutes
 * @param {Record<string, number>} given.counts @param {readonly string[]} given.faults @param {string} given.out
 */
async function report({ samples, requests, minutes, counts, faults, out }) {
  const third = Math.floor(samples.length / 3);
  const [before, after] = [samples.slice(third, 2 * third), samples.slice(2 * third)].map((part) =>
    quantile(part, 0.5),
  );
  const ratio = Number(after) / Number(before);
  const isFlat = ratio <= ALLOWED_MORE;
  const perHour = slope(samples.slice(third)) * 3_600;
  const number = (/** @type {number} */ value) => value.toLocaleString('en');
  const errors = ['forged tokens', 'paths that are none', 'bodies that are wrong'];
  const wrong = errors.reduce((sum, what) => sum + (counts[what] ?? 0), 0);
  const rest = Object.entries(counts).filter(([what]) => !errors.includes(what));
  const beside = [...rest, /** @type {const} */ (['other errors', wrong])];
  const lines = [
    `${number(requests)} guarded requests; beside them ${beside.map(([what, count]) => `${number(count)} ${what}`).join(', ')}.`,
    `Median of the second third ${Number(before).toFixed(1)} MiB, of the last ${Number(after).toFixed(1)} MiB (${((ratio - 1) * 100).toFixed(1)} %); from the warm-up on ${perHour.toFixed(1)} MiB an hour.`,
  ];
  for (const line of [...lines, ...faults.map((fault) => `FAULT  ${fault}`)]) console.log(line);
  console.log(`${isFlat ? 'kept    ' : 'NOT KEPT'}  the last third takes at most 5 % more than the second`);
  const footer = `npm run bench -- memory --minutes ${minutes}, ${new Date().toISOString().slice(0, 10)}, Node.js ${process.versions.node}, ${cpus()[0]?.model.trim()}, ${cpus().length} processors`;
  await mkdir(out, { recursive: true });
  const file = join(out, 'memory.svg');
  await writeFile(file, chart({ samples, title: `Resident memory in ${minutes} minutes under load`, lines, footer }));
  console.log(`Written: ${file}`);
  return isFlat && faults.length === 0;
}

/** Of a straight line through all values (least squares), for one step. @param {readonly number[]} values */
function slope(values) {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const [over, under] = values.reduce(
    ([over, under], value, index) => [over + (index - middle) * (value - mean), under + (index - middle) ** 2],
    [0, 0],
  );
  return over / under;
}
