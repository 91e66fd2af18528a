// Measures how many requests of signed-in users succeed during a flood of sign-ins, as a share of those without one.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { Agent } from 'node:http';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PASSWORD, register } from '../support/accounts.js';
import { send } from '../support/client.js';
import { quantile, rounded, verdict } from '../support/report.js';
import { withGatehouse } from '../support/server.js';
import { insertSessions, writeTokens } from '../support/sessions.js';
import { drive } from '../support/wrk.js';

const SESSIONS = 10_000;
const GUARDED_CONNECTIONS = 16;
const [WARM_UP_MS, IDLE_SECONDS] = [3_000, 5];
const PROBE_INTERVAL_MS = 20;
const MAX_PROBE_MS = 250;
const BEHIND_PROXY = { TRUST_PROXY: 'loopback' };

/** Linux accepts every IP address in 127.0.0.0/8. The requests of signed-in users come from 127.0.0.1. */
const FLOODS = [
  { name: '64 connections of one client', localAddress: '127.0.0.2', connections: 64, clients: 0, least: 0.6 },
  { name: '512 connections of one client', localAddress: '127.0.0.3', connections: 512, clients: 0, least: 0.6 },
  { name: '2,000 connections of one client', localAddress: '127.0.0.4', connections: 2_000, clients: 0, least: 0.5 },
  { name: '512 connections of 1,000 clients', localAddress: '127.0.0.5', connections: 512, clients: 1_000, least: 0.4 },
];

/** The responses that a flood may get. The first one is that of a wrong password. */
const DOCUMENTED = [
  '401 invalid_credentials',
  '429 too_many_requests',
  '429 too_many_connections',
  '503 overloaded',
  '503 request_timeout',
];

/** @typedef {typeof FLOODS[number]} Flood */
/** @typedef {{ rps: number, p99: number, probes: readonly number[] }} Measured */

/** @param {import('../support/postgres.js').Postgres} postgres @param {number} seconds @param {AbortSignal} signal */
export async function measureFloods({ createDatabase, folder }, seconds, signal) {
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
        const [email = ''] = await register(url, 1, `floods-${floods.length}`);
        await drive(
          'Gatehouse',
          { url: new URL('/users/me', url).href, file, connections: GUARDED_CONNECTIONS, seconds: IDLE_SECONDS },
          signal,
        );
        for (const flood of floods) {
          console.log(flood.name);
          const idle = await measure(url, file, IDLE_SECONDS, signal);
          const stop = startFlood(url, flood, signal);
          await sleep(WARM_UP_MS, undefined, { signal });
          const during = await measure(url, file, seconds, signal);
          results.push({ ...flood, idle, during, responses: await stop() });
          await drain(url, email, signal);
        }
      },
    );
  };
  await measureEach(
    FLOODS.filter(({ clients }) => clients === 0),
    {},
  );
  await pool.query(`DELETE FROM users WHERE email LIKE 'token-%'`);
  await measureEach(
    FLOODS.filter(({ clients }) => clients > 0),
    BEHIND_PROXY,
  );
  return report(results);
}

/**
 * Starts a flood in another process. Returns a function that stops it and returns the number of responses by kind.
 *
 * @param {string} url @param {Flood} flood @param {AbortSignal} signal
 */
function startFlood(url, flood, signal) {
  const child = fork(new URL('flood.js', import.meta.url), [JSON.stringify({ ...flood, url })], {
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
 * Measures `GET /users/me`, and meanwhile `GET /health/live`.
 *
 * @param {string} url @param {string} file @param {number} seconds @param {AbortSignal} signal
 * @returns {Promise<Measured>}
 */
async function measure(url, file, seconds, signal) {
  const agent = new Agent({ keepAlive: true });
  /** @type {Promise<{ status: number, duration: number }>[]} */
  const probes = [];
  const timer = setInterval(() => probes.push(send(agent, new URL('/health/live', url), {})), PROBE_INTERVAL_MS);
  const load = { url: new URL('/users/me', url).href, file, connections: GUARDED_CONNECTIONS, seconds };
  const { rps, p99 } = await drive('Gatehouse', load, signal).finally(() => clearInterval(timer));
  const answers = await Promise.all(probes);
  agent.destroy();
  if (answers.some(({ status }) => status !== 200)) throw new Error('GET /health/live failed.');
  return { rps, p99, probes: answers.map(({ duration }) => duration) };
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
    verdict(
      unexpected.length === 0,
      `all other responses are documented${unexpected.map((kind) => `, except ${kind}`).join('')}`,
    ),
  ].every(Boolean);
}
