// Whether a flood of sign-ins slows down those who are signed in, and what the processors make of it (ASVS 15.2.2).
import { availableParallelism } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { COST, PASSWORD, register } from './support/accounts.js';
import { bareBcrypt } from './support/bare-bcrypt.js';
import { Client, quantile } from './support/client.js';
import { Flood } from './support/flood.js';
import { withInstance } from './support/instance.js';

const SIGNING_IN = 64;
const READING = 8;
/** How often, in milliseconds, each reader asks who it is. */
const INTERVAL = 200;
/** How long, in milliseconds, each figure is taken. */
const DURATION = 30_000;
const WARM_UP = 3_000;
const ALLOWED_SLOWER = 2;
const ALLOWED_LESS = 0.85;

/** @param {AbortSignal} signal */
export function bench(signal) {
  return withInstance({ env: { BCRYPT_COST: String(COST) }, signal }, async ({ url }) => {
    const emails = await register(url, SIGNING_IN);
    const token = await tokenOf(url, emails[0] ?? '');
    const bare = await bareBcrypt(COST, DURATION / 2);
    await read(url, token, WARM_UP);
    const quiet = await read(url, token, DURATION);
    const flood = new Flood(
      url,
      emails.map((email) => (client) => client.signIn(email, PASSWORD)),
    );
    await wait(WARM_UP);
    const before = flood.succeeded;
    const flooded = await read(url, token, DURATION);
    const perSecond = (flood.succeeded - before) / (DURATION / 1_000);
    await flood.stop();
    return report({ quiet, flooded, bare, perSecond, flood });
  });
}

/** @param {{ quiet: number[], flooded: number[], bare: number, perSecond: number, flood: Flood }} figures */
function report({ quiet, flooded, bare, perSecond, flood }) {
  const slower = quantile(flooded, 0.99) / quantile(quiet, 0.99);
  const part = perSecond / bare;
  const row = (/** @type {number[]} */ durations) => ({
    requests: durations.length,
    'median ms': quantile(durations, 0.5).toFixed(2),
    'p99 ms': quantile(durations, 0.99).toFixed(2),
    'longest ms': quantile(durations, 1).toFixed(2),
  });
  console.table({ 'GET /users/me, quiet': row(quiet), 'GET /users/me, flooded': row(flooded) });
  console.table({
    'bare bcrypt': { 'per second': bare.toFixed(2) },
    'sign-ins': { 'per second': perSecond.toFixed(2) },
  });
  console.log(`${availableParallelism()} processors, bcrypt cost ${COST}, ${SIGNING_IN} connections signing in`);
  const seconds = (/** @type {number} */ part) => (quantile(flood.durations, part) / 1_000).toFixed(1);
  console.log(`a sign-in takes ${seconds(0.5)} s, the longest ${seconds(1)} s; refused: ${flood.refused}`);
  console.log(`p99 flooded / quiet: ${slower.toFixed(2)} (at most ${ALLOWED_SLOWER})`);
  console.log(`sign-ins / bare bcrypt: ${part.toFixed(2)} (at least ${ALLOWED_LESS})`);
  return slower <= ALLOWED_SLOWER && part >= ALLOWED_LESS;
}

/**
 * Asks at a fixed rate, each request at its time whether or not the last one is answered: what waits counts.
 *
 * @param {string} url @param {string} token @param {number} duration
 * @returns {Promise<number[]>} how long each took, in milliseconds
 */
async function read(url, token, duration) {
  const readers = Array.from({ length: READING }, async (_, reader) => {
    const client = new Client(url);
    await wait((reader * INTERVAL) / READING);
    /** @type {Promise<import('./support/client.js').Answer>[]} */
    const asked = [];
    const end = performance.now() + duration;
    while (performance.now() < end) {
      asked.push(client.ask('GET', '/users/me', { token }));
      await wait(INTERVAL);
    }
    const answers = await Promise.all(asked);
    client.close();
    const refused = answers.find(({ status }) => status !== 200);
    if (refused) throw new Error(`GET /users/me was answered ${refused.status}.`);
    return answers.map(({ duration }) => duration);
  });
  return (await Promise.all(readers)).flat();
}

/** @param {string} url @param {string} email */
async function tokenOf(url, email) {
  const client = new Client(url);
  const { body } = await client.signIn(email, PASSWORD);
  client.close();
  return /** @type {{ accessToken: string }} */ (JSON.parse(body)).accessToken;
}
