// How PostgreSQL answers every route, on one database.
import { setTimeout as wait } from 'node:timers/promises';
import { nameOf, ROUTE_CALLS } from '../routes/calls.js';
import { PASSWORD } from '../support/accounts.js';
import { startApplication } from '../support/application.js';
import { EXTRAS } from './extras.js';
import { farPage, lists, pageOf } from './lists.js';
import { PlanProxy } from './plan-proxy.js';
import { seen } from './plan.js';
import { GrownWorld } from './world.js';

/** What works in the background, and may come in between. */
const BACKGROUND = /^WITH due AS MATERIALIZED|^UPDATE mails/;
/** How long, in milliseconds, what happens after an answer may take. */
const AFTERWARDS = 8_000;

/**
 * @typedef {import('./plan.js').Seen} Seen
 * @typedef {object} Explained
 * @property {ReadonlyMap<string, readonly Seen[]>} calls the statements of each call of a route
 * @property {readonly { name: string, page: number, first: Seen, far: Seen }[]} pages
 * @property {ReadonlyMap<string, readonly Seen[]>} extras
 * @property {readonly Seen[]} afterwards
 */

/** @param {import('./guarded.js').Database} database @returns {Promise<Explained>} */
export async function explain({ url, pool }) {
  const proxy = await PlanProxy.start(pool, url);
  // Mails are claimed, and nobody takes them.
  const env = {
    DATABASE_URL: proxy.url,
    BCRYPT_COST: '10',
    LOG_LEVEL: 'fatal',
    SMTP_URL: 'smtp://127.0.0.1:1',
    MAIL_FROM: 'bench@example.com',
  };
  const app = await startApplication({ ...env, PRUNE_INTERVAL: '0s' });
  try {
    const world = await populate(app.url, pool);
    /** @type {Seen[]} */
    const afterwards = [];
    const take = () => {
      const all = proxy.take().map(seen);
      afterwards.push(...all.filter(({ text }) => BACKGROUND.test(text)));
      return all.filter(({ text }) => !BACKGROUND.test(text));
    };
    /** @param {import('../routes/calls.js').Request} request */
    const ask = async (request) => {
      take();
      await world.send(request);
      return take();
    };
    /** @type {Map<string, readonly Seen[]>} */
    const calls = new Map();
    for (const call of ROUTE_CALLS) calls.set(nameOf(call), await ask(await call.prepare(world)));
    /** @type {Map<string, readonly Seen[]>} */
    const extras = new Map();
    for (const [name, prepare] of Object.entries(EXTRAS)) extras.set(name, await ask(await prepare(world)));
    const pages = await explainLists(world, pool, ask);
    const { accessToken, sessionId } = await world.signedIn();
    await pool.query(`UPDATE sessions SET last_seen_at = now() - interval '1 hour' WHERE id = $1`, [sessionId]);
    await ask({ method: 'get', path: '/users/me', accessToken });
    await wait(AFTERWARDS);
    afterwards.push(...take());
    return { calls, extras, pages, afterwards };
  } finally {
    await app.kill();
    await proxy.close();
  }
}

/** @param {GrownWorld} world @param {import('pg').Pool} pool @param {(request: any) => Promise<Seen[]>} ask */
async function explainLists(world, pool, ask) {
  const { rows } = await pool.query('SELECT id, email FROM users ORDER BY id LIMIT 1');
  const { rows: middle } = await pool.query(
    'SELECT to_timestamp(percentile_disc(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM occurred_at))) AS day FROM audit_events',
  );
  world.people.push(rows[0]);
  const busy = await world.signedIn();
  const [usual, admin] = [await world.signedIn(), await world.signedIn('admin')];
  const pages = [];
  for (const list of lists({ busy: busy.id, usual: usual.id, day: middle[0].day.toISOString() })) {
    const { accessToken } = list.isBusy ? busy : admin;
    const far = await farPage(pool, list);
    const at = async (/** @type {string} */ path) =>
      /** @type {Seen} */ ((await ask({ method: 'get', path, accessToken })).at(-1));
    const name = list.name
      .replace(busy.id, '(busy)')
      .replace(usual.id, '(usual)')
      .replace(/=\d{4}-.*/, '=…');
    pages.push({ name, page: far.page, first: await at(pageOf(list.path)), far: await at(far.path) });
  }
  return pages;
}

/** @param {string} url @param {import('pg').Pool} pool */
async function populate(url, pool) {
  const email = 'first@example.com';
  const world = new GrownWorld(url, pool, '');
  await world.send({ method: 'post', path: '/auth/register', json: { email, password: PASSWORD } });
  const { rows } = await pool.query('SELECT password_hash AS hash FROM users WHERE email = $1', [email]);
  return new GrownWorld(url, pool, rows[0].hash);
}
