// Whether the time of an answer tells who has an account (ASVS 6.3.8): of refused sign-ins, and of asking for a link.
import { execute } from '../scripts/postgres-client.js';
import { COST, PASSWORD, register } from './support/accounts.js';
import { Client, quantile } from './support/client.js';
import { withInstance } from './support/instance.js';

const TRIES = 200;
const ALLOWED = 1.1;

/** @typedef {readonly [what: string, ask: () => Promise<import('./support/client.js').Answer>]} Way */

/** @param {AbortSignal} signal */
export function bench(signal) {
  return withInstance({ env: { BCRYPT_COST: String(COST) }, signal }, async ({ url, databaseUrl }) => {
    const [active = '', inactive = ''] = await register(url, 2);
    await execute(databaseUrl, `UPDATE users SET is_active = false WHERE email = '${inactive}'`);
    const unknown = 'nobody@example.com';
    const client = new Client(url);
    const forgot = (/** @type {string} */ email) => client.ask('POST', '/auth/password/forgot', { json: { email } });
    console.log(`${TRIES} interleaved tries each, bcrypt cost ${COST}`);
    const signIns = await compare('sign-in', 401, [
      ['unknown address', () => client.signIn(unknown, PASSWORD)],
      ['wrong password', () => client.signIn(active, 'eight lanterns at dawn')],
      ['inactive user', () => client.signIn(inactive, PASSWORD)],
    ]);
    const links = await compare('forgot', 202, [
      ['unknown address', () => forgot(unknown)],
      ['known address', () => forgot(active)],
      ['inactive user', () => forgot(inactive)],
    ]);
    client.close();
    return signIns && links;
  });
}

/**
 * Asks in each way in turns, and compares how long the answers took.
 *
 * @param {string} what @param {number} expected the status of each answer @param {readonly Way[]} ways
 */
async function compare(what, expected, ways) {
  /** @type {number[][]} */
  const durations = ways.map(() => []);
  // One of each goes first and is not counted: it opens connections and starts threads.
  for (let round = -1; round < TRIES; round += 1) {
    for (const [i, [way, ask]] of ways.entries()) {
      const { status, duration } = await ask();
      if (status !== expected) throw new Error(`${what}, ${way}: answered ${status}.`);
      if (round >= 0) durations[i]?.push(duration);
    }
  }
  const at = (/** @type {number} */ part) => durations.map((values) => quantile(values, part));
  const [medians, tails] = [at(0.5), at(0.95)];
  const rows = ways.map(([way], i) => [way, { 'median ms': medians[i]?.toFixed(1), 'p95 ms': tails[i]?.toFixed(1) }]);
  console.table(Object.fromEntries(rows));
  const ratio = Math.max(...medians) / Math.min(...medians);
  console.log(`${what}: slowest median / fastest median: ${ratio.toFixed(3)} (at most ${ALLOWED})`);
  return ratio <= ALLOWED;
}
