// A million expired sessions go while the application works: what do the others notice? Everybody's answers and
// statements are timed where they are asked, for a while without and then during the pruning.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { madeUpId } from './guarded-request/sessions.js';
import { PASSWORD, register } from './support/accounts.js';
import { Client, quantile } from './support/client.js';
import { withInstance } from './support/instance.js';

const EXPIRED = 1_000_000;
const LIVE = 100_000;
/** How long to look on before the pruning, in milliseconds. */
const QUIET = 20_000;
/** How long each of the others waits before it asks again, in milliseconds. */
const PAUSE = 10;

/** @param {AbortSignal} signal */
export async function bench(signal) {
  await withInstance({ env: { PRUNE_INTERVAL: '0s' }, signal }, async ({ url, databaseUrl }) => {
    const pool = new pg.Pool({ connectionString: databaseUrl, max: 3 });
    try {
      const emails = await register(url, 1);
      await fill(pool);
      const others = await theOthers(url, pool, emails[0] ?? '');
      report('before', await measure(others, sleep(QUIET), signal));
      const start = performance.now();
      report('during', await measure(others, prune(signal), signal));
      console.log(`It took ${((performance.now() - start) / 1_000).toFixed(1)} s.`);
    } finally {
      await pool.end();
    }
  });
}

/** Sessions as they lie in a table that was never pruned: in the order of their ids, the live among the expired. */
async function fill(/** @type {pg.Pool} */ pool) {
  const share = (EXPIRED + LIVE) / LIVE;
  await pool.query(
    `INSERT INTO sessions (id, user_id, refresh_salt, user_agent, device_name, ip_address, idle_expires_at, expires_at)
     SELECT ${madeUpId('n', 'session')}, (SELECT id FROM users), sha256(n::text::bytea), 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36',
            'Chrome on Linux', '10.0.0.0'::inet + n, now() + span, now() + span
       FROM generate_series(1, $1) AS n
      CROSS JOIN LATERAL (SELECT CASE WHEN n % $2 = 0 THEN interval '30 days' ELSE interval '-31 days' END AS span) AS s`,
    [EXPIRED + LIVE, share],
  );
  await pool.query('VACUUM ANALYZE sessions');
  await pool.query('CHECKPOINT');
}

/** @param {string} url @param {pg.Pool} pool @param {string} email */
async function theOthers(url, pool, email) {
  const reader = new Client(url);
  const refresher = new Client(url);
  const { accessToken } = tokensOf(await reader.signIn(email, PASSWORD));
  let { refreshToken } = tokensOf(await refresher.signIn(email, PASSWORD));
  const { rows } = await pool.query('SELECT id FROM sessions WHERE expires_at > now() ORDER BY random() LIMIT 5000');
  let index = 0;
  const nextId = () => rows[index++ % rows.length].id;
  return {
    'GET /users/me': async () => {
      expectGood(await reader.ask('GET', '/users/me', { token: accessToken }));
    },
    'POST /auth/refresh': async () => {
      ({ refreshToken } = tokensOf(await refresher.ask('POST', '/auth/refresh', { json: { refreshToken } })));
    },
    'a session read': () =>
      pool.query('SELECT * FROM sessions s JOIN users u ON u.id = s.user_id WHERE s.id = $1', [nextId()]),
    'a session written': () =>
      pool.query('UPDATE sessions SET refresh_counter = refresh_counter + 1, refreshed_at = now() WHERE id = $1', [
        nextId(),
      ]),
  };
}

/**
 * Lets the others ask, one after another, until something has ended.
 *
 * @param {Record<string, () => Promise<unknown>>} others @param {Promise<unknown>} end @param {AbortSignal} signal
 * @returns {Promise<Record<string, number[]>>} milliseconds
 */
async function measure(others, end, signal) {
  let ended = false;
  const ending = end.finally(() => (ended = true));
  const measured = Object.entries(others).map(async ([name, ask]) => {
    /** @type {number[]} */
    const durations = [];
    while (!ended && !signal.aborted) {
      const start = performance.now();
      await ask();
      durations.push(performance.now() - start);
      await sleep(PAUSE);
    }
    return [name, durations];
  });
  const [results] = await Promise.all([Promise.all(measured), ending]);
  signal.throwIfAborted();
  return Object.fromEntries(results);
}

/** @param {AbortSignal} signal */
async function prune(signal) {
  const child = spawn(process.execPath, ['dist/src/cli/cli.js', 'prune'], { stdio: 'inherit', signal });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error('The pruning failed.');
}

/** @param {string} when @param {Record<string, number[]>} results */
function report(when, results) {
  for (const [name, durations] of Object.entries(results)) {
    const at = (/** @type {number} */ part) => quantile(durations, part).toFixed(1);
    console.log(
      `${when}  ${name.padEnd(20)} ${String(durations.length).padStart(6)} times, ` +
        `median ${at(0.5)} ms, p99 ${at(0.99)} ms, slowest ${at(1)} ms`,
    );
  }
}

/** @param {import('./support/client.js').Answer} answer @returns {{ accessToken: string, refreshToken: string }} */
function tokensOf(answer) {
  expectGood(answer);
  return JSON.parse(answer.body);
}

/** @param {import('./support/client.js').Answer} answer */
function expectGood({ status, body }) {
  if (status !== 200) throw new Error(`A request was answered with ${status}: ${body}`);
}
