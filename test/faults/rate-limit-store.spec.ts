import { buildSignedIn } from '../support/builders.js';
import { NO_DATABASE } from '../support/constants.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { LogLines } from '../support/log-lines.js';
import { TestApp } from '../support/test-app.js';
import { TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

/** More than the attempts that a slow test repeats until the store is available again. */
const LIMIT = 30;
const REJECTED_AFTER_LIMIT = [...Array<number>(LIMIT).fill(401), 429];

const ENV = {
  RATE_LIMIT_ENABLED: 'true',
  RATE_LIMIT_REFRESH_ADDRESS: `${LIMIT}/15m`,
  RATE_LIMIT_LOGIN_ADDRESS: '2/15m',
  RATE_LIMIT_LOGIN_ACCOUNT: '1/15m',
};

describe('rate limits while their store is unavailable', () => {
  let database: TestDatabase;
  let proxy: DatabaseProxy;
  let app: TestApp;
  const log = new LogLines();

  beforeEach(async () => {
    database = await TestDatabase.create();
    proxy = await DatabaseProxy.start(database.url);
    app = await TestApp.start({ database, log, env: { ...ENV, DATABASE_URL: proxy.url }, hasStoreTimeout: true });
  });
  afterEach(async () => {
    await app.close();
    await proxy.close();
    await database.drop();
    log.clear();
  });

  /** Sends a malformed refresh token, which is rejected without the database. */
  const refresh = async () => (await app.request.post('/auth/refresh').send({ refreshToken: 'nonsense' })).status;
  const inStore = () => database.query('SELECT 1 FROM rate_limits');
  const countLogs = (text: string) => log.records.filter(({ msg }) => String(msg).includes(text)).length;

  it.each([
    ['rejects connections', () => proxy.rejectConnections()],
    ['does not respond', () => Promise.resolve().then(() => proxy.freeze())],
  ])('are counted by the process while the database %s, then by the database again', async (_, fail) => {
    expect(await refresh()).toBe(401);
    await fail();
    expect(await beyondLimit(refresh)).toEqual(REJECTED_AFTER_LIMIT);
    expect(countLogs('by itself')).toBe(1);
    await proxy.heal();
    await until(
      'the store is available again',
      async () => (await refresh()) > 0 && countLogs('available again') === 1,
    );
    // The process's own limit is exhausted.
    await database.query('TRUNCATE rate_limits');
    expect(await refresh()).toBe(401);
    expect(await inStore()).toHaveLength(1);
    expect(countLogs('available again')).toBe(1);
  });

  it('do not count a refresh that failed because of the database', async () => {
    const { refreshToken } = await buildSignedIn(app);
    await proxy.rejectConnections();
    const statuses = [];
    for (let i = 0; i < 5; i += 1) {
      statuses.push((await app.request.post('/auth/refresh').send({ refreshToken })).status);
    }
    expect(statuses).toEqual([503, 503, 503, 503, 503]);
  });

  it('do not count a sign-in that failed because of the database', async () => {
    await proxy.rejectConnections();
    const login = async () =>
      (await app.request.post('/auth/login').send({ email: 'ada@example.com', password: 'wrong lanterns' })).status;
    expect([await login(), await login(), await login()]).toEqual([503, 503, 503]);
    await proxy.heal();
    await until('the database is back', async () => (await login()) === 401);
  });

  it('need no store at startup', async () => {
    const lost = await TestApp.start({ database, env: { ...ENV, DATABASE_URL: NO_DATABASE } });
    const ask = async () => (await lost.request.post('/auth/refresh').send({ refreshToken: 'nonsense' })).status;
    const statuses = await beyondLimit(ask);
    await lost.close();
    expect(statuses).toEqual(REJECTED_AFTER_LIMIT);
  });

  it('are counted by the process if Redis never was available', async () => {
    const env = { ...ENV, DATABASE_URL: proxy.url, REDIS_URL: 'redis://127.0.0.1:1' };
    const lost = await TestApp.start({ database, env });
    const login = async () =>
      (await lost.request.post('/auth/login').send({ email: 'ada@example.com', password: 'wrong lanterns' })).status;
    const statuses = [await login(), await login(), await login()];
    await lost.close();
    expect(statuses).toEqual([401, 429, 429]);
  });
});

/** Sends one request more than the limit, in sequence. Returns their statuses. */
async function beyondLimit(send: () => Promise<number>): Promise<number[]> {
  const statuses = [];
  while (statuses.length <= LIMIT) statuses.push(await send());
  return statuses;
}
