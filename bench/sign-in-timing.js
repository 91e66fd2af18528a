// Whether the time of a refused sign-in tells why it was refused (ASVS 6.3.8).
import { execute } from '../scripts/postgres-client.js';
import { COST, PASSWORD, register } from './support/accounts.js';
import { Client, quantile } from './support/client.js';
import { withInstance } from './support/instance.js';

const TRIES = 200;
const ALLOWED = 1.1;

/** @param {AbortSignal} signal */
export function bench(signal) {
  return withInstance({ env: { BCRYPT_COST: String(COST) }, signal }, async ({ url, databaseUrl }) => {
    const [active = '', inactive = ''] = await register(url, 2);
    await execute(databaseUrl, `UPDATE users SET is_active = false WHERE email = '${inactive}'`);
    /** @type {readonly [what: string, email: string, password: string, durations: number[]][]} */
    const ways = [
      ['unknown address', 'nobody@example.com', PASSWORD, []],
      ['wrong password', active, 'eight lanterns at dawn', []],
      ['inactive user', inactive, PASSWORD, []],
    ];
    const client = new Client(url);
    // One of each goes first and is not counted: it opens connections and starts threads.
    for (let round = -1; round < TRIES; round += 1) {
      for (const [what, email, password, durations] of ways) {
        const { status, duration } = await client.signIn(email, password);
        if (status !== 401) throw new Error(`${what} was answered ${status}.`);
        if (round >= 0) durations.push(duration);
      }
    }
    client.close();
    const medians = ways.map(([, , , durations]) => quantile(durations, 0.5));
    const ratio = Math.max(...medians) / Math.min(...medians);
    console.table(
      Object.fromEntries(
        ways.map(([what, , , durations]) => [
          what,
          { 'median ms': quantile(durations, 0.5).toFixed(1), 'p95 ms': quantile(durations, 0.95).toFixed(1) },
        ]),
      ),
    );
    console.log(`${TRIES} interleaved tries each, bcrypt cost ${COST}`);
    console.log(`slowest median / fastest median: ${ratio.toFixed(3)} (at most ${ALLOWED})`);
    return ratio <= ALLOWED;
  });
}
