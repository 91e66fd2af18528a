// A million expired sessions go while the application works: what do the others notice? Everybody's answers and
// statements are timed where they are asked, for a while without and then during the pruning.
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { startApplication } from './support/application.js';
import { withDatabase } from './support/database.js';

const EXPIRED = 1_000_000;
const LIVE = 100_000;
/** How long to look on before the pruning, in milliseconds. */
const QUIET = 20_000;
/** How long each of the others waits before it asks again, in milliseconds. */
const PAUSE = 10;

/** @param {AbortSignal} signal */
export async function bench(signal) {
  process.env['NODE_ENV'] = 'production';
  process.env['JWT_SECRET'] = randomBytes(48).toString('base64');
  await withDatabase(async (url) => {
    const pool = new pg.Pool({ connectionString: url, max: 3 });
    const application = await startApplication({ PRUNE_INTERVAL: '0s', LOG_LEVEL: 'warn' });
    try {
      const { userId, signIn } = await register(application.url);
      await fill(pool, userId);
      const others = await theOthers(application.url, pool, signIn);
      report('before', await measure(others, sleep(QUIET), signal));
      const start = performance.now();
      report('during', await measure(others, prune(signal), signal));
      console.log(`It took ${((performance.now() - start) / 1_000).toFixed(1)} s.`);
    } finally {
      await application.kill();
      await pool.end();
    }
  });
}

/** @param {string} url */
async function register(url) {
  const person = { email: 'ada@example.com', password: 'seven lanterns at dusk' };
  const { id: userId } = await post(`${url}/auth/register`, person);
  return { userId: String(userId), signIn: () => post(`${url}/auth/login`, person) };
}

/** Sessions as they lie in a table that was never pruned: in the order of their ids, the live among the expired. */
async function fill(/** @type {pg.Pool} */ pool, /** @type {string} */ userId) {
  const share = (EXPIRED + LIVE) / LIVE;
  await pool.query(
    `INSERT INTO sessions (id, user_id, refresh_salt, user_agent, device_name, ip_address, idle_expires_at, expires_at)
     SELECT (lpad(to_hex(1700000000000 + n), 12, '0') || '7' || substr(md5(n::text), 1, 3) || '8' || substr(md5(n::text), 4, 15))::uuid,
            $1, sha256(n::text::bytea), 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 Chrome/140.0 Safari/537.36',
            'Chrome on Linux', '10.0.0.0'::inet + n, now() + span, now() + span
       FROM generate_series(1, $2) AS n
      CROSS JOIN LATERAL (SELECT CASE WHEN n % $3 = 0 THEN interval '30 days' ELSE interval '-31 days' END AS span) AS s`,
    [userId, EXPIRED + LIVE, share],
  );
  await pool.query('VACUUM ANALYZE sessions');
  await pool.query('CHECKPOINT');
}

/** @param {string} url @param {pg.Pool} pool @param {() => Promise<Record<string, unknown>>} signIn */
async function theOthers(url, pool, signIn) {
  const reader = await signIn();
  let { refreshToken } = await signIn();
  const { rows } = await pool.query('SELECT id FROM sessions WHERE expires_at > now() ORDER BY random() LIMIT 5000');
  let index = 0;
  const nextId = () => rows[index++ % rows.length].id;
  return {
    'GET /users/me': async () => {
      const headers = { authorization: `Bearer ${String(reader['accessToken'])}` };
      const answer = await fetch(`${url}/users/me`, { headers });
      if (!answer.ok) throw new Error(`GET /users/me was answered with ${answer.status}.`);
      await answer.arrayBuffer();
    },
    'POST /auth/refresh': async () => {
      ({ refreshToken } = await post(`${url}/auth/refresh`, { refreshToken }));
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
  const results = await Promise.all(measured);
  await ending;
  signal.throwIfAborted();
  return Object.fromEntries(results);
}

/** @param {AbortSignal} signal */
async function prune(signal) {
  const child = spawn(process.execPath, ['dist/src/cli.js', 'prune'], { stdio: 'inherit', signal });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error('The pruning failed.');
}

/** @param {string} when @param {Record<string, number[]>} results */
function report(when, results) {
  for (const [name, durations] of Object.entries(results)) {
    const sorted = durations.sort((one, other) => one - other);
    const at = (/** @type {number} */ share) => (sorted[Math.floor((sorted.length - 1) * share)] ?? NaN).toFixed(1);
    console.log(
      `${when}  ${name.padEnd(20)} ${String(sorted.length).padStart(6)} times, ` +
        `median ${at(0.5)} ms, p99 ${at(0.99)} ms, slowest ${at(1)} ms`,
    );
  }
}

/** @param {string} url @param {object} body @returns {Promise<Record<string, unknown>>} */
async function post(url, body) {
  const headers = { 'content-type': 'application/json' };
  const answer = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`POST ${new URL(url).pathname} was answered with ${answer.status}.`);
  return /** @type {Promise<Record<string, unknown>>} */ (answer.json());
}
