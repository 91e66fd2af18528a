import { Database, type PoolState } from '../../src/platform/database/database.js';
import { buildSignedIn, buildUser, type BuiltUser, type SignedIn } from '../support/builders.js';
import type { DatabaseProxy } from '../support/database-proxy.js';
import { Load } from '../support/load.js';
import { rounds } from '../support/rounds.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const TIMEOUTS = { DB_CONNECT_TIMEOUT: '3s', DB_STATEMENT_TIMEOUT: '2s' };
/**
 * Shorter than `REQUEST_TIMEOUT`. With these timeouts, a request waits for the previous lookup, for its own and for its
 * handler, each up to 3 s for a silent server. The rest is a reserve for a busy machine.
 */
const MAX_RESPONSE_MS = 28_000;

describe('database faults', () => {
  let direct: TestApp;
  let proxy: DatabaseProxy;
  let app: TestApp;
  let ada: SignedIn;
  let users: BuiltUser[];
  /** The backend processes that serve other clients. */
  let others: number[];

  beforeAll(async () => {
    direct = await TestApp.start();
    ada = await buildSignedIn(direct);
    users = await Promise.all(Array.from({ length: 30 }, () => buildUser(direct)));
  });
  afterAll(() => direct.close());

  beforeEach(async () => {
    others = (await direct.database.query<{ pid: number }>(CONNECTED)).map(({ pid }) => pid);
    [app, proxy] = await TestApp.startProxied(direct, { env: TIMEOUTS });
    await app.as(ada.accessToken).get('/users/me').expect(200);
  });
  afterEach(() => app.close());

  const load = (clients: number) => {
    let count = 0;
    return Load.start(clients, app.url, () => [
      count++ % 2 === 0 ? '/users/me' : '/sessions',
      { token: ada.accessToken },
    ]);
  };
  /** Counts the application's connections on the server, including those that it is closing. */
  const countConnections = async () =>
    (await direct.database.query<{ pid: number }>(CONNECTED)).filter(({ pid }) => !others.includes(pid)).length;
  /** Sends more requests than the pool has connections, so that a broken connection would be used. */
  const expectRecovery = async () => {
    const answers = await Promise.all([
      ...Array.from({ length: 12 }, () => app.as(ada.accessToken).get('/sessions').then(statusAndTime())),
      app.request.post('/auth/login').send({ email: ada.email, password: ada.password }).then(statusAndTime()),
    ]);
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  };

  it.each([
    ['the server closes connections', () => direct.database.query(TERMINATE)],
    ['the network drops connections', () => Promise.resolve().then(() => proxy.cut())],
  ])('respond with 200 or 503 under load when %s', async (_, lose) => {
    const running = load(10);
    for (let round = 1; round <= rounds(3, 100); round += 1) {
      const before = running.answers.length;
      await until('the load continues', () => running.answers.length > before + 20);
      await lose();
    }
    await running.stop();
    await until('the pool has only open connections', async () => poolOf(app).total === (await countConnections()));
    expect(Object.keys(running.statuses).filter((status) => status !== '200' && status !== '503')).toEqual([]);
    expect(running.longest).toBeLessThan(MAX_RESPONSE_MS);
    await expectRecovery();
  });

  it('do not end the process when the server closes a connection that just opened', async () => {
    proxy.cut();
    await until('the pool is empty', () => poolOf(app).total === 0);
    proxy.endsNewConnections = true;
    const { status } = await app.as(ada.accessToken).get('/users/me');
    proxy.endsNewConnections = false;
    expect(status).toBe(503);
    await expectRecovery();
  });

  describe('of a database that stops responding', () => {
    it('delay no request beyond its deadline, and end immediately', async () => {
      const running = load(10);
      await until('the load has started', () => running.answers.length > 20);
      proxy.freeze();
      const frozenAt = running.answers.length;
      await until('the first responses arrive', () => running.answers.length > frozenAt + 20);
      await running.stop();
      await proxy.heal();
      await expectRecovery();
      expect(Object.keys(running.statuses)).toEqual(['200', '503']);
      expect(running.longest).toBeLessThan(MAX_RESPONSE_MS);
    });

    it('delay no public route beyond its deadline', async () => {
      const { email, password, refreshToken } = ada;
      proxy.freeze();
      const answers = await Promise.all([
        app.request.get('/health/ready').then(statusAndTime()),
        app.request.get('/health/db').then(statusAndTime()),
        app.request.post('/auth/login').send({ email, password }).then(statusAndTime()),
        app.request.post('/auth/register').send({ email: 'new@example.com', password }).then(statusAndTime()),
        app.request.post('/auth/refresh').send({ refreshToken }).then(statusAndTime()),
      ]);
      await proxy.heal();
      expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 503));
      expect(Math.max(...answers.map(({ duration }) => duration))).toBeLessThan(MAX_RESPONSE_MS);
    });

    it('during a sign-in leave no transaction open', async () => {
      proxy.onStatement = () => {
        if (proxy.statements === statementsBefore + 3) proxy.freeze();
      };
      const statementsBefore = proxy.statements;
      const { email, password } = ada;
      const { status } = await app.request.post('/auth/login').send({ email, password });
      proxy.onStatement = () => undefined;
      await proxy.heal();
      expect(status).toBe(503);
      await until('no transaction is open', async () => (await direct.database.query(OPEN_TRANSACTIONS)).length === 0);
    });
  });

  it('make a sign-in respond with 503 at whichever statement the connection drops', async () => {
    const { email, password } = ada;
    const statuses: number[] = [];
    for (let fatal = 1; statuses.at(-1) !== 200; fatal += 1) {
      const before = proxy.statements;
      proxy.onStatement = () => {
        if (proxy.statements === before + fatal) proxy.cut();
      };
      statuses.push((await app.request.post('/auth/login').send({ email, password })).status);
    }
    proxy.onStatement = () => undefined;
    expect(statuses.slice(0, -1)).toEqual(statuses.slice(0, -1).map(() => 503));
    expect(statuses.length).toBeGreaterThan(4);
  });

  it('of a locked table delay no request beyond its deadline', async () => {
    await direct.database.query('BEGIN');
    await direct.database.query('LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE');
    const requests = Array.from({ length: 20 }, () => app.as(ada.accessToken).get('/users/me').then(statusAndTime()));
    const answers = await Promise.all(requests);
    await direct.database.query('ROLLBACK');
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 503));
    expect(Math.max(...answers.map(({ duration }) => duration))).toBeLessThan(MAX_RESPONSE_MS);
    await expectRecovery();
  });

  describe('with a pool of two', () => {
    let small: TestApp;
    beforeEach(async () => {
      small = await TestApp.start({
        database: direct.database,
        env: { ...TIMEOUTS, DB_CONNECT_TIMEOUT: '20s', DB_POOL_MAX: '2' },
      });
    });
    afterEach(() => small.close());

    it('responds to thirty slow requests within the deadline and recovers', async () => {
      await direct.database.query('BEGIN');
      await direct.database.query('LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
      const requests = users.map(({ email, password }) =>
        small.request.post('/auth/login').send({ email, password }).then(statusAndTime()),
      );
      await until('the pool is exhausted', () => poolOf(small).waiting > 10);
      await direct.database.query('ROLLBACK');
      const answers = await Promise.all(requests);
      expect(answers.filter(({ status }) => status !== 200 && status !== 503)).toEqual([]);
      expect(Math.max(...answers.map(({ duration }) => duration))).toBeLessThan(MAX_RESPONSE_MS);
      const after = await small.as(ada.accessToken).get('/users/me');
      expect(after.status).toBe(200);
    });
  });
});

const TERMINATE = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
   WHERE datname = current_database() AND application_name = 'gatehouse'`;
const CONNECTED = `
  SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'gatehouse'`;
const OPEN_TRANSACTIONS = `
  SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'`;

/** Returns a function that adds the elapsed milliseconds to a response's status. */
function statusAndTime() {
  const start = performance.now();
  return ({ status }: { status: number }) => ({ status, duration: performance.now() - start });
}

function poolOf(app: TestApp): PoolState {
  return app.app.get(Database).pool();
}
