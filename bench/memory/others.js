// What happens beside the guarded requests: sign-ins, refreshes, and errors of every kind.
import { setTimeout as wait } from 'node:timers/promises';
import { PASSWORD } from '../support/accounts.js';
import { Client } from '../support/client.js';

/**
 * Asks at a steady pace until it is stopped. An answer of another status than the right one is kept.
 *
 * @param {string} url @param {readonly string[]} emails of accounts; one of them only refreshes, because sign-ins end old sessions
 * @param {AbortSignal} stop
 */
export async function others(url, [refreshing = '', ...emails], stop) {
  /** @type {Record<string, number>} */
  const counts = {};
  /** @type {Set<string>} */
  const faults = new Set();
  let turn = 0;
  /** @param {string} what @param {number} perSecond @param {number} right @param {(client: Client) => Promise<import('../support/client.js').Answer>} ask */
  const repeat = async (what, perSecond, right, ask) => {
    const client = new Client(url);
    while (!stop.aborted) {
      const { status, body } = await ask(client);
      if (stop.aborted) break;
      counts[what] = (counts[what] ?? 0) + 1;
      if (status !== right) faults.add(`${what}: ${status} ${body.slice(0, 200)}`);
      await wait(1_000 / perSecond, undefined, { signal: stop }).catch(() => undefined);
    }
    client.close();
  };
  const emailOf = () => emails[(turn += 1) % emails.length] ?? '';
  const signIn = (/** @type {Client} */ client) => client.signIn(emailOf(), PASSWORD);
  const first = new Client(url);
  const pair = JSON.parse((await first.signIn(refreshing, PASSWORD)).body);
  first.close();
  let { refreshToken } = pair;
  const [head, , signature] = pair.accessToken.split('.');
  const refresh = async (/** @type {Client} */ client) => {
    const answer = await client.ask('POST', '/auth/refresh', { json: { refreshToken } });
    if (answer.status === 200) ({ refreshToken } = JSON.parse(answer.body));
    return answer;
  };
  let wrong = 0;
  const forge = () =>
    `${head}.${Buffer.from(JSON.stringify({ jti: (wrong += 1) })).toString('base64url')}.${signature}`;
  await Promise.all([
    repeat('sign-ins', 1, 200, signIn),
    repeat('refused sign-ins', 0.5, 401, (client) => client.signIn(emailOf(), 'no password of theirs')),
    repeat('refreshes', 20, 200, refresh),
    repeat('forged tokens', 20, 401, (client) => client.ask('GET', '/users/me', { token: forge() })),
    repeat('paths that are none', 20, 404, (client) => client.ask('GET', `/nowhere/${(wrong += 1)}`)),
    repeat('bodies that are wrong', 20, 400, (client) => client.ask('POST', '/auth/login', { json: { email: wrong } })),
  ]);
  return { counts, faults: [...faults] };
}
