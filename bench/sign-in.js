// Measures sign-ins and refreshes per second against bcrypt alone, how much sign-ins and floods of them slow down other
// requests (ASVS 15.2.2), and whether response times reveal accounts (ASVS 6.3.8).
import { Agent } from 'node:http';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { Command, Option } from 'commander';
import { PASSWORD, register, signIn } from './support/accounts.js';
import { measureFloods } from './sign-in/floods.js';
import { Client, send } from './support/client.js';
import { withPostgres } from './support/postgres.js';
import { median, quantile, rounded, verdict, wholeNumber } from './support/report.js';
import { withGatehouse } from './support/server.js';
import { inTurns } from './support/turns.js';

const BCRYPT_COST = 12;
const WARM_UP_MS = 3_000;
const [READERS, READ_INTERVAL_MS] = [8, 200];
const LEAST_SIGN_INS_PER_HASH = 0.85;
const MAX_SLOWDOWN = 2;
const MAX_TIMING_RATIO = 1.1;
const PARTS = ['load', 'floods', 'timing'];

/**
 * @typedef {(client: Client) => Promise<unknown>} Act
 * @typedef {{ perSecond: number, durations: readonly number[], reads: readonly number[] }} Result with milliseconds
 * @typedef {{ rounds: number, seconds: number, connections: number, tries: number, flood: string, only: string[] }} Options
 */

export const command = new Command('sign-in')
  .description('Measures sign-ins against bcrypt alone, other requests during a flood of sign-ins, and response times.')
  .option('--rounds <n>', 'load: how often each figure is measured', wholeNumber(1), 3)
  .option('--seconds <n>', 'load and floods: how long each measurement takes', wholeNumber(1), 15)
  .option('--connections <n>', 'load: connections that sign in or refresh', wholeNumber(1, 100), 64)
  .option('--tries <n>', 'timing: how often each request is sent', wholeNumber(1), 200)
  .option('--flood <text>', 'floods: only those whose names contain this', '')
  .addOption(new Option('--only <parts...>', 'measure only these').choices(PARTS).default(PARTS));

/** @param {Options} options @param {AbortSignal} signal */
export function run(options, signal) {
  return withPostgres(signal, async (postgres) => {
    console.log(`${availableParallelism()} processors for everything, bcrypt cost ${BCRYPT_COST}`);
    const isCalm = !options.only.includes('floods') || (await measureFloods(postgres, options, signal));
    if (options.only.every((part) => part === 'floods')) return isCalm;
    const { pool } = await postgres.createDatabase('gatehouse');
    return withGatehouse({ BCRYPT_COST: String(BCRYPT_COST) }, signal, async ({ url }) => {
      const isFast = !options.only.includes('load') || (await measureLoad(url, options, signal));
      const isEven = !options.only.includes('timing') || (await measureTiming(url, pool, options.tries));
      return isCalm && isFast && isEven;
    });
  });
}

/** @param {string} url @param {Options} options @param {AbortSignal} signal */
async function measureLoad(url, { rounds, seconds, connections }, signal) {
  const emails = await register(url, connections);
  const { accessToken } = await signIn(url, emails[0] ?? '');
  const signIns = emails.map((email) => (/** @type {Client} */ client) => client.signIn(email, PASSWORD));
  const refreshes = await Promise.all(emails.map((email) => refresher(url, email)));
  const during = (/** @type {readonly Act[]} */ acts) => () => load(url, acts, accessToken, seconds * 1_000, signal);
  const subjects = [
    { name: 'bcrypt alone', measure: () => bareBcrypt(seconds * 1_000, signal) },
    { name: 'no load', measure: during([]) },
    { name: 'sign-ins', measure: during(signIns) },
    { name: 'refreshes', measure: during(refreshes) },
  ];
  const results = await inTurns(subjects, rounds, ({ measure }) => measure());
  const medianOf = (/** @type {string} */ name, /** @type {(result: Result) => number} */ figure) =>
    rounded(median((results.get(name) ?? []).map(figure))) || '';
  const rows = subjects.map(({ name }) => ({
    name,
    'per second': medianOf(name, ({ perSecond }) => perSecond),
    'p50 ms': medianOf(name, ({ durations }) => quantile(durations, 0.5)),
    'p99 ms': medianOf(name, ({ durations }) => quantile(durations, 0.99)),
    'meanwhile, GET /users/me: p50 ms': medianOf(name, ({ reads }) => quantile(reads, 0.5)),
    'its p99 ms': medianOf(name, ({ reads }) => quantile(reads, 0.99)),
  }));
  console.table(rows);
  const [bcrypt, quiet, flood] = rows;
  const perHash = Number(flood?.['per second']) / Number(bcrypt?.['per second']);
  const slowdown = Number(flood?.['its p99 ms']) / Number(quiet?.['its p99 ms']);
  const isFast = verdict(
    perHash >= LEAST_SIGN_INS_PER_HASH,
    `${perHash.toFixed(2)} sign-ins for each hash of bcrypt alone (at least ${LEAST_SIGN_INS_PER_HASH})`,
  );
  const isUnaffected = verdict(
    slowdown <= MAX_SLOWDOWN,
    `the p99 of GET /users/me is ${slowdown.toFixed(2)} times as long during sign-ins (at most ${MAX_SLOWDOWN})`,
  );
  return isFast && isUnaffected;
}

/** Hashes with bcrypt alone on all processors. @param {number} durationMs @param {AbortSignal} signal @returns {Promise<Result>} */
async function bareBcrypt(durationMs, signal) {
  const rates = Array.from({ length: availableParallelism() }, async () => {
    const workerData = { cost: BCRYPT_COST, durationMs };
    const worker = new Worker(new URL('./sign-in/bcrypt.worker.js', import.meta.url), { workerData });
    const [rate] = await once(worker, 'message', { signal });
    return /** @type {number} */ (rate);
  });
  const perSecond = (await Promise.all(rates)).reduce((sum, rate) => sum + rate, 0);
  return { perSecond, durations: [], reads: [] };
}

/**
 * Repeats each act on a connection of its own, and meanwhile sends `GET /users/me` at a steady rate.
 *
 * @param {string} url @param {readonly Act[]} acts @param {string} token @param {number} durationMs @param {AbortSignal} signal
 * @returns {Promise<Result>}
 */
async function load(url, acts, token, durationMs, signal) {
  const stop = new AbortController();
  /** @type {number[]} */
  const durations = [];
  const clients = acts.map(async (act) => {
    const client = new Client(url);
    while (!stop.signal.aborted) {
      const start = performance.now();
      await act(client);
      durations.push(performance.now() - start);
    }
    client.close();
  });
  const measure = async () => {
    await sleep(WARM_UP_MS, undefined, { signal });
    const first = durations.length;
    const reads = await read(url, token, durationMs, signal);
    const measured = durations.slice(first);
    stop.abort();
    return { perSecond: (measured.length / durationMs) * 1_000, durations: measured, reads };
  };
  const [result] = await Promise.all([measure(), ...clients]).finally(() => stop.abort());
  return result;
}

/**
 * Sends requests at a fixed rate, whether or not earlier ones are complete, so that waiting times count.
 *
 * @param {string} url @param {string} token @param {number} durationMs @param {AbortSignal} signal
 * @returns {Promise<number[]>} milliseconds
 */
async function read(url, token, durationMs, signal) {
  const readers = Array.from({ length: READERS }, async (_, reader) => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    await sleep((reader * READ_INTERVAL_MS) / READERS, undefined, { signal });
    const sent = [];
    const end = performance.now() + durationMs;
    while (performance.now() < end) {
      sent.push(send(agent, new URL('/users/me', url), { token }));
      await sleep(READ_INTERVAL_MS, undefined, { signal });
    }
    const answers = await Promise.all(sent);
    agent.destroy();
    const failed = answers.find(({ status }) => status !== 200);
    if (failed) throw new Error(`GET /users/me returned ${failed.status}: ${failed.body}`);
    return answers.map(({ duration }) => duration);
  });
  return (await Promise.all(readers)).flat();
}

/** Returns an act that refreshes the same session. @param {string} url @param {string} email @returns {Promise<Act>} */
async function refresher(url, email) {
  let { refreshToken } = await signIn(url, email);
  return async (client) => {
    const { body } = await client.expect(200, 'POST', '/auth/refresh', { json: { refreshToken } });
    ({ refreshToken } = JSON.parse(body));
  };
}

/** @param {string} url @param {import('pg').Pool} pool @param {number} tries */
async function measureTiming(url, pool, tries) {
  const [active = '', inactive = ''] = await register(url, 2, 'timing');
  await pool.query('UPDATE users SET is_active = false WHERE email = $1', [inactive]);
  const unknown = 'nobody@example.com';
  const login = (/** @type {string} */ email, password = PASSWORD) => [401, '/auth/login', { email, password }];
  const forgot = (/** @type {string} */ email) => [202, '/auth/password/forgot', { email }];
  const isSignInEven = await compare(url, tries, 'sign-in', {
    'unknown email': login(unknown),
    'wrong password': login(active, 'eight lanterns at dawn'),
    'inactive user': login(inactive),
  });
  const isForgotEven = await compare(url, tries, 'forgot password', {
    'unknown email': forgot(unknown),
    'known email': forgot(active),
    'inactive user': forgot(inactive),
  });
  return isSignInEven && isForgotEven;
}

/**
 * Compares the response times of requests that must not differ.
 *
 * @param {string} url @param {number} tries @param {string} what
 * @param {Readonly<Record<string, readonly any[]>>} requests the expected status, path and body of each
 */
async function compare(url, tries, what, requests) {
  const client = new Client(url);
  const kinds = Object.entries(requests).map(([name, request]) => ({ name, request }));
  const results = await inTurns(
    kinds,
    tries,
    async ({ request: [status, path, json] }) => (await client.expect(status, 'POST', path, { json })).duration,
    () => undefined,
  );
  client.close();
  const rows = kinds.map(({ name }) => {
    const times = results.get(name) ?? [];
    return { [what]: name, 'p50 ms': rounded(quantile(times, 0.5)), 'p95 ms': rounded(quantile(times, 0.95)) };
  });
  console.table(rows);
  const medians = rows.map((row) => Number(row['p50 ms']));
  const ratio = Math.max(...medians) / Math.min(...medians);
  return verdict(
    ratio <= MAX_TIMING_RATIO,
    `${what}: the slowest median is ${ratio.toFixed(3)} times the fastest (at most ${MAX_TIMING_RATIO})`,
  );
}
