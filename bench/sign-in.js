// How many sign in a second, against what bcrypt alone allows on the same processors, and how many refresh.
import { availableParallelism } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { COST, PASSWORD, register } from './support/accounts.js';
import { bareBcrypt } from './support/bare-bcrypt.js';
import { Client, quantile } from './support/client.js';
import { Flood } from './support/flood.js';
import { withInstance } from './support/instance.js';

const CLIENTS = 64;
/** How long each figure is taken, in milliseconds. */
const DURATION = 15_000;
const WARM_UP = 3_000;
/** In turns, so that what the machine does meanwhile falls on all alike. */
const ROUNDS = 3;
const ALLOWED_LESS = 0.85;

/** @typedef {{ perSecond: number, median: number, p99: number }} Figure latencies in milliseconds */

/** @param {AbortSignal} signal @returns {Promise<boolean>} whether the promise was kept */
export function bench(signal) {
  return withInstance({ env: { BCRYPT_COST: String(COST) }, signal }, async ({ url }) => {
    const emails = await register(url, CLIENTS);
    const signIns = emails.map((email) => (/** @type {Client} */ client) => client.signIn(email, PASSWORD));
    const refreshes = await Promise.all(emails.map((email) => refresher(url, email)));
    /** @type {{ bare: number, signIn: Figure, refresh: Figure }[]} */
    const rounds = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const bare = await bareBcrypt(COST, DURATION);
      rounds.push({ bare, signIn: await measure(url, signIns), refresh: await measure(url, refreshes) });
    }
    return report(rounds);
  });
}

/** Somebody who refreshes again and again. @param {string} url @param {string} email @returns {Promise<import('./support/flood.js').Act>} */
async function refresher(url, email) {
  const first = new Client(url);
  let { refreshToken } = JSON.parse((await first.signIn(email, PASSWORD)).body);
  first.close();
  return async (client) => {
    const answer = await client.ask('POST', '/auth/refresh', { json: { refreshToken } });
    if (answer.status === 200) ({ refreshToken } = JSON.parse(answer.body));
    return answer;
  };
}

/** @param {string} url @param {readonly import('./support/flood.js').Act[]} acts @returns {Promise<Figure>} */
async function measure(url, acts) {
  const flood = new Flood(url, acts);
  await wait(WARM_UP);
  const [before, from] = [flood.succeeded, flood.durations.length];
  await wait(DURATION);
  const perSecond = (flood.succeeded - before) / (DURATION / 1_000);
  const durations = flood.durations.slice(from);
  await flood.stop();
  if (flood.refused > 0) throw new Error(`${flood.refused} requests were refused.`);
  return { perSecond, median: quantile(durations, 0.5), p99: quantile(durations, 0.99) };
}

/** @param {readonly { bare: number, signIn: Figure, refresh: Figure }[]} rounds */
function report(rounds) {
  const median = (/** @type {(round: typeof rounds[number]) => number} */ figure) => quantile(rounds.map(figure), 0.5);
  const row = (/** @type {'signIn' | 'refresh'} */ what) => ({
    'per second': median((round) => round[what].perSecond).toFixed(1),
    'median ms': median((round) => round[what].median).toFixed(1),
    'p99 ms': median((round) => round[what].p99).toFixed(1),
  });
  console.table({
    'bare bcrypt': { 'per second': median(({ bare }) => bare).toFixed(1) },
    'sign-ins': row('signIn'),
    refreshes: row('refresh'),
  });
  const part = median(({ bare, signIn }) => signIn.perSecond / bare);
  console.log(
    `${availableParallelism()} processors for all, the clients too; bcrypt cost ${COST}, ${CLIENTS} connections, medians of ${ROUNDS} rounds`,
  );
  console.log(`sign-ins / bare bcrypt: ${part.toFixed(2)} (at least ${ALLOWED_LESS})`);
  return part >= ALLOWED_LESS;
}
