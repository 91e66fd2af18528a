// Measures how many requests of signed-in users succeed during a flood, as a share of those without one.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PASSWORD, register, signIn } from '../support/accounts.js';
import { send } from '../support/client.js';
import { quantile, rounded, verdict } from '../support/report.js';
import { withGatehouse } from '../support/server.js';
import { insertSessions, writeTokens } from '../support/sessions.js';
import { drive } from '../support/wrk.js';

const SESSIONS = 10_000;
const GUARDED_CONNECTIONS = 16;
const [WARM_UP_MS, IDLE_SECONDS] = [3_000, 5];
const [PROBE_INTERVAL_MS, REFRESH_INTERVAL_MS] = [20, 100];
const MAX_PROBE_MS = 250;
const BEHIND_PROXY = { TRUST_PROXY: 'loopback' };

/** Linux accepts every IP address in 127.0.0.0/8. The requests of signed-in users come from 127.0.0.1. */
const FLOODS = [
  { name: 'sign-ins, 64 connections', kind: 'sign-in', connections: 64, clients: 0, least: 0.6 },
  { name: 'sign-ins, 512 connections', kind: 'sign-in', connections: 512, clients: 0, least: 0.6 },
  { name: 'sign-ins, 2,000 connections', kind: 'sign-in', connections: 2_000, clients: 0, least: 0.5 },
  { name: 'GET /sessions, 512 connections', kind: 'list', connections: 512, clients: 0, least: 0.6 },
  { name: 'GET /health/live, 64 connections', kind: 'probe', connections: 64, clients: 0, least: 0.6 },
  { name: 'GET /health/live, 512 connections', kind: 'probe', connections: 512, clients: 0, least: 0.6 },
  { name: 'an unknown path, 2,000 connections', kind: 'unknown', connections: 2_000, clients: 0, least: 0.5 },
  {
    name: 'forged refresh tokens, 512 that disconnect',
    kind: 'refresh',
    connections: 512,
    clients: 0,
    disconnects: true,
    least: 0.6,
  },
  { name: 'sign-ins, 512 connections of 1,000 clients', kind: 'sign-in', connections: 512, clients: 1_000, least: 0.4 },
].map((flood, index) => ({ ...flood, localAddress: `127.0.0.${index + 2}` }));

/** The responses that a flood may get: those of its requests, and those of limits. */
const DOCUMENTED = [
  '200',
  '401 invalid_credentials',
  '404 not_found',
  '429 too_many_requests',
  '429 too_many_connections',
  '503 overloaded',
  '503 request_timeout',
];

/** @typedef {typeof FLOODS[number]} Flood */
/** @typedef {(signal: AbortSignal) => Promise<number>} Refresh */
/** @typedef {{ rps: number, p99: number, probes: readonly number[], failedRefreshes: number }} Measured */

/**
 * @param {import('../support/postgres.js').Postgres} postgres
 * @param {{ seconds: number, flood: string }} options
 * @param {AbortSignal} signal
 */
export async function measureFloods({ createDatabase, folder }, { seconds, flood: part }, signal) {
  const { pool } = await createDatabase('floods');
  await insertSessions(pool, SESSIONS);
  const file = join(folder, 'tokens');
  /** @type {(Flood & { idle: Measured, during: Measured, responses: Record<string, number> })[]} */
  const results = [];
  const measureEach = async (/** @type {readonly Flood[]} */ floods, /** @type {Record<string, string>} */ env) => {
    await withGatehouse(
      { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_REGISTER_ADDRESS: '100/1h', ...env },
      signal,
      async ({ url }) => {
        await writeTokens(pool, url, file);
        const authorization = (await readFile(file, 'utf8')).split('\n', 1)[0] ?? '';
        const [email = ''] = await register(url, 1, `floods-${floods.length}`);
        await drive(
          'Gatehouse',
          { url: new URL('/users/me', url).href, file, connections: GUARDED_CONNECTIONS, seconds: IDLE_SECONDS },
          signal,
        );
        for (const flood of floods) {
          console.log(flood.name);
          const refresh = await refresher(url, email);
          const idle = await measure(url, file, refresh, IDLE_SECONDS, signal);
          const stop = startFlood({ ...flood, url, authorization }, signal);
          await sleep(WARM_UP_MS, undefined, { signal });
          const during = await measure(url, file, refresh, seconds, signal);
          results.push({ ...flood, idle, during, responses: await stop() });
          await drain(url, email, signal);
        }
      },
    );
  };
  const chosen = FLOODS.filter(({ name }) => name.includes(part));
  for (const env of [{}, BEHIND_PROXY]) {
    const floods = chosen.filter(({ clients }) => clients > 0 === (env === BEHIND_PROXY));
    if (floods.length > 0) await measureEach(floods, env);
    await pool.query(`DELETE FROM users WHERE email LIKE 'token-%' OR email LIKE 'floods-%'`);
  }
  return report(results);
}

/**
 * Starts a flood in another process. Returns a function that stops it and returns the number of responses by kind.
 *
 * @param {Flood & { url: string, authorization: string }} flood @param {AbortSignal} signal
 */
function startFlood(flood, signal) {
  const child = fork(new URL('flood.js', import.meta.url), [JSON.stringify(flood)], {
    signal,
    killSignal: 'SIGKILL',
  });
  child.on('error', () => undefined);
  return async () => {
    child.send('stop');
    const [responses] = await once(child, 'message', { signal });
    return /** @type {Record<string, number>} */ (responses);
  };
}

/**
 * Measures `GET /users/me`, and meanwhile `GET /health/live` and refreshes. Refreshes are public and use the database.
 *
 * @param {string} url @param {string} file @param {Refresh} refresh @param {number} seconds @param {AbortSignal} signal
 * @returns {Promise<Measured>}
 */
async function measure(url, file, refresh, seconds, signal) {
  // With more connections, slow probes would become a flood of their own.
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  /** @type {Promise<{ status: number, duration: number }>[]} */
  const probes = [];
  const timer = setInterval(() => probes.push(send(agent, new URL('/health/live', url), {})), PROBE_INTERVAL_MS);
  const stop = new AbortController();
  const refreshing = refresh(stop.signal);
  const load = { url: new URL('/users/me', url).href, file, connections: GUARDED_CONNECTIONS, seconds };
  const { rps, p99 } = await drive('Gatehouse', load, signal).finally(() => {
    clearInterval(timer);
    stop.abort();
  });
  const failedRefreshes = await refreshing;
  const answers = await Promise.all(probes);
  agent.destroy();
  const durations = answers.map(({ status, duration }) => (status === 200 ? duration : Infinity));
  return { rps, p99, probes: durations, failedRefreshes };
}

/**
 * Returns a function that refreshes a session until its signal aborts, and then returns how many refreshes failed.
 *
 * @param {string} url @param {string} email
 */
async function refresher(url, email) {
  const agent = new Agent({ keepAlive: true });
  let { refreshToken } = await signIn(url, email);
  return async (/** @type {AbortSignal} */ signal) => {
    let failed = 0;
    while (!signal.aborted) {
      const { status, body } = await send(agent, new URL('/auth/refresh', url), {
        method: 'POST',
        json: { refreshToken },
      });
      if (status === 200) ({ refreshToken } = JSON.parse(body));
      else failed += 1;
      await sleep(REFRESH_INTERVAL_MS);
    }
    return failed;
  };
}

/**
 * Waits until the passwords of the flood are hashed.
 *
 * @param {string} url @param {string} email @param {AbortSignal} signal
 */
async function drain(url, email, signal) {
  const agent = new Agent();
  const json = { email, password: PASSWORD };
  while ((await send(agent, new URL('/auth/login', url), { method: 'POST', json })).status !== 200) {
    await sleep(500, undefined, { signal });
  }
}

/** @param {readonly (Flood & { idle: Measured, during: Measured, responses: Record<string, number> })[]} results */
function report(results) {
  console.table(
    results.map(({ name, idle, during }) => ({
      flood: name,
      'guarded/s idle': rounded(idle.rps),
      'guarded/s': rounded(during.rps),
      share: rounded(during.rps / idle.rps),
      'p99 ms': rounded(during.p99),
      'live p99 ms': rounded(quantile(during.probes, 0.99)),
      'failed refreshes': during.failedRefreshes,
    })),
  );
  const kinds = [...new Set(results.flatMap(({ responses }) => Object.keys(responses)))].sort();
  console.table(
    results.map(({ name, responses }) => ({
      flood: name,
      ...Object.fromEntries(kinds.map((kind) => [kind, responses[kind] ?? 0])),
    })),
  );
  const unexpected = kinds.filter((kind) => !DOCUMENTED.includes(kind));
  return [
    ...results.map(({ name, idle, during, least }) =>
      verdict(
        during.rps >= least * idle.rps,
        `${(during.rps / idle.rps).toFixed(2)} of the requests beside ${name} (at least ${least})`,
      ),
    ),
    ...results.map(({ name, during }) =>
      verdict(
        quantile(during.probes, 0.99) < MAX_PROBE_MS,
        `the p99 of GET /health/live is below ${MAX_PROBE_MS} ms beside ${name}`,
      ),
    ),
    ...results
      .filter(({ clients }) => clients === 0)
      .map(({ name, during }) => verdict(during.failedRefreshes === 0, `no refresh failed beside ${name}`)),
    verdict(
      unexpected.length === 0,
      `all other responses are documented${unexpected.map((kind) => `, except ${kind}`).join('')}`,
    ),
  ].every(Boolean);
}
