// Checks that the resident memory of the application stays flat under load: guarded requests as fast as possible, and
// meanwhile sign-ins, refreshes and errors.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import { PASSWORD, register, signIn } from './support/accounts.js';
import { Client } from './support/client.js';
import { withPostgres } from './support/postgres.js';
import { median, verdict, wholeNumber } from './support/report.js';
import { withGatehouse } from './support/server.js';
import { insertSessions, writeTokens } from './support/sessions.js';
import { drive, requireWrk } from './support/wrk.js';

const CONNECTIONS = 64;
/** wrk opens new connections after this time. */
const TURN_SECONDS = 20;
/** Accounts that sign in. Each reaches the limit of sessions per user, so old sessions are revoked. */
const ACCOUNTS = 10;
const MAX_GROWTH = 1.05;

/** @typedef {{ minutes: number, sessions: number }} Options */

export const command = new Command('memory')
  .description("Checks that the application's resident memory stays flat under load. Needs Linux.")
  .option('--minutes <n>', 'how long', wholeNumber(1, 1_440), 30)
  .option('--sessions <n>', 'sessions in the database, ten for each user', wholeNumber(2_000), 100_000);

/** @param {Options} options @param {AbortSignal} signal */
export async function run({ minutes, sessions }, signal) {
  await requireWrk();
  return withPostgres(signal, async ({ folder, createDatabase }) => {
    const { pool } = await createDatabase('gatehouse');
    await insertSessions(pool, sessions);
    return withGatehouse({ PRUNE_INTERVAL: '1h' }, signal, async ({ url, pid }) => {
      const emails = await register(url, ACCOUNTS);
      const file = join(folder, 'tokens');
      await writeTokens(pool, url, file);
      const seconds = minutes * 60;
      const end = new AbortController();
      console.log(`Sending requests for ${minutes} minutes …`);
      const [samples, guarded, others] = await Promise.all([
        sample(pid, seconds, signal).finally(() => end.abort()),
        driveFor(seconds, { url: `${url}/users/me`, file }, signal),
        sendOthers(url, emails, end.signal),
      ]).finally(() => end.abort());
      return report(samples, guarded, others);
    });
  });
}

/** Sends guarded requests as fast as possible. @param {number} seconds @param {{ url: string, file: string }} target @param {AbortSignal} signal */
async function driveFor(seconds, target, signal) {
  let requests = 0;
  for (let left = seconds; left > 0; left -= TURN_SECONDS) {
    const turn = Math.min(left, TURN_SECONDS);
    const { rps } = await drive('Gatehouse', { ...target, connections: CONNECTIONS, seconds: turn }, signal);
    requests += rps * turn;
  }
  return requests;
}

/** Reads the resident memory of a process each second, in MiB. @param {number} pid @param {number} seconds @param {AbortSignal} signal */
async function sample(pid, seconds, signal) {
  const samples = [];
  const start = performance.now();
  for (let second = 0; second <= seconds; second += 1) {
    await sleep(Math.max(0, start + second * 1_000 - performance.now()), undefined, { signal });
    const status = await readFile(`/proc/${pid}/status`, 'utf8');
    samples.push(Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1]) / 1_024);
  }
  return samples;
}

/**
 * Sends other requests at a steady rate until the end. Throws if one returns an unexpected status.
 *
 * @param {string} url @param {readonly string[]} emails @param {AbortSignal} end
 * @returns {Promise<Readonly<Record<string, number>>>} how many of each kind
 */
async function sendOthers(url, [refreshing = '', ...emails], end) {
  /** @type {Record<string, number>} */
  const counts = {};
  let next = 0;
  const nextEmail = () => emails[(next += 1) % emails.length] ?? '';
  const signedIn = await signIn(url, refreshing);
  const [header, , signature] = signedIn.accessToken.split('.');
  let { refreshToken } = signedIn;
  const forgedToken = () =>
    `${header}.${Buffer.from(JSON.stringify({ jti: (next += 1) })).toString('base64url')}.${signature}`;
  /** @param {string} kind @param {number} perSecond @param {(client: Client) => Promise<unknown>} request */
  const repeat = async (kind, perSecond, request) => {
    const client = new Client(url);
    while (!end.aborted) {
      await request(client);
      counts[kind] = (counts[kind] ?? 0) + 1;
      await sleep(1_000 / perSecond, undefined, { signal: end }).catch(() => undefined);
    }
    client.close();
  };
  await Promise.all([
    repeat('sign-ins', 1, (client) => client.signIn(nextEmail(), PASSWORD)),
    repeat('rejected sign-ins', 0.5, (client) =>
      client.expect(401, 'POST', '/auth/login', { json: { email: nextEmail(), password: 'the wrong password' } }),
    ),
    repeat('refreshes', 20, async (client) => {
      const { body } = await client.expect(200, 'POST', '/auth/refresh', { json: { refreshToken } });
      ({ refreshToken } = JSON.parse(body));
    }),
    repeat('forged tokens', 20, (client) => client.expect(401, 'GET', '/users/me', { token: forgedToken() })),
    repeat('unknown routes', 20, (client) => client.expect(404, 'GET', `/nowhere/${(next += 1)}`)),
    repeat('invalid bodies', 20, (client) => client.expect(400, 'POST', '/auth/login', { json: { email: next } })),
  ]);
  return counts;
}

/** @param {readonly number[]} samples @param {number} guarded @param {Readonly<Record<string, number>>} others */
function report(samples, guarded, others) {
  const third = Math.floor(samples.length / 3);
  const [before, after] = [median(samples.slice(third, 2 * third)), median(samples.slice(2 * third))];
  const kinds = Object.entries(others).map(([kind, count]) => `${count.toLocaleString('en')} ${kind}`);
  console.log(`${Math.round(guarded).toLocaleString('en')} guarded requests, ${kinds.join(', ')}`);
  console.log(`Median memory: ${before.toFixed(1)} MiB in the second third, ${after.toFixed(1)} MiB in the last`);
  const growth = after / before;
  return verdict(growth <= MAX_GROWTH, `memory grew by ${((growth - 1) * 100).toFixed(1)} % (at most 5 %)`);
}
