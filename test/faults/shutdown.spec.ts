import { connect } from 'node:net';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { ChildApp } from '../support/child-app.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { Load } from '../support/load.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const GRACEFUL = { code: 0, signal: null };
/** How long, in milliseconds, an end may take. */
const BOUND = 10_000;
/**
 * With the worst clients and the worst database: 8 s for requests that never arrive whole, 2 s to connect, and room for a
 * busy machine. All that waits in the tests below would take longer.
 */
const WORST = 20_000;

describe('the end of the process', () => {
  let direct: TestApp;
  let ada: SignedIn;
  let proxy: DatabaseProxy;
  let app: ChildApp;

  beforeAll(async () => {
    direct = await TestApp.start();
    ada = await buildSignedIn(direct);
  });
  afterAll(() => direct.close());

  beforeEach(async () => {
    proxy = await DatabaseProxy.start(direct.database.url);
    // Under load, and on a busy machine, somebody may wait for a connection for a while: 503 is what a test looks for.
    app = await ChildApp.start({ DATABASE_URL: proxy.url, DB_CONNECT_TIMEOUT: '2s', DB_STATEMENT_TIMEOUT: '5s' });
  });
  afterEach(async () => {
    await app.kill();
    await proxy.close();
  });

  it('SIGINT ends it with the code 0, as Ctrl-C in a terminal should', async () => {
    app.signal('SIGINT');
    expect(await app.exited).toEqual(GRACEFUL);
  });

  it('SIGTERM under load drops no request, and ends the process within ten seconds', async () => {
    const load = Load.start(20, app.url, () => ['/users/me', { token: ada.accessToken }]);
    await until('the load is on', () => load.answers.length > 200);
    const start = Date.now();
    app.signal('SIGTERM');
    const exit = await app.exited;
    await load.dismissed();
    expect(Object.keys(load.statuses)).toEqual(['200']);
    expect(exit).toEqual(GRACEFUL);
    expect(Date.now() - start).toBeLessThan(BOUND);
  });

  it('a request that takes long is answered before the process ends, and its connection let go with it', async () => {
    const load = await direct.database.holding('LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE', async () => {
      const asked = Load.start(1, app.url, () => ['/users/me', { token: ada.accessToken }]);
      await until('it waits for the lock', async () => (await direct.database.waitingFor('sessions')).length > 0);
      app.signal('SIGTERM');
      await until('new connections are refused', () => isRefused(app), BOUND);
      return asked;
    });
    const exit = await app.exited;
    await load.dismissed();
    expect(load.answers).toEqual([expect.objectContaining({ status: 200, closes: true })]);
    expect(exit).toEqual(GRACEFUL);
  });

  it('sign-ins that wait for so long that they cannot all be served are answered, and do not hold it up', async () => {
    await app.kill();
    app = await ChildApp.start({ DATABASE_URL: direct.database.url, BCRYPT_COST: '14' });
    const load = Load.start(30 * availableParallelism(), app.url, (client) => [
      '/auth/login',
      { method: 'POST', json: { email: `nobody-${client}@example.com`, password: 'x' } },
    ]);
    await until('one is answered', () => load.answers.length > 0, 60_000);
    const start = Date.now();
    app.signal('SIGTERM');
    await load.stop();
    const exit = await app.exited;
    const duration = Date.now() - start;
    expect(Object.keys(load.statuses)).toEqual(['401', '503']);
    expect([exit, duration < WORST]).toEqual([GRACEFUL, true]);
  });

  it('what is buffered is written: when sessions were last seen', async () => {
    await direct.database.query(`UPDATE sessions SET last_seen_at = now() - interval '1 hour' WHERE id = $1`, [
      ada.sessionId,
    ]);
    await app.as(ada.accessToken).get('/users/me').expect(200);
    app.signal('SIGTERM');
    await app.exited;
    const [row] = await direct.database.query<{ fresh: boolean }>(
      `SELECT last_seen_at > now() - interval '1 minute' AS fresh FROM sessions WHERE id = $1`,
      [ada.sessionId],
    );
    expect(row?.fresh).toBe(true);
  });

  it('neither a silent database nor clients that stay, or never finish their request, hold it up', async () => {
    await direct.database.query(`UPDATE sessions SET last_seen_at = now() - interval '1 hour'`);
    await app.as(ada.accessToken).get('/users/me').expect(200);
    const halfRequest = 'POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Le';
    const sockets = await Promise.all(['', halfRequest].map((text) => openConnection(app, text)));
    proxy.freeze();
    const start = Date.now();
    app.signal('SIGTERM');
    expect(await app.exited).toEqual(GRACEFUL);
    expect(Date.now() - start).toBeLessThan(WORST);
    for (const socket of sockets) socket.destroy();
  });
});

/** Whether nobody listens any more. */
async function isRefused(app: ChildApp): Promise<boolean> {
  const socket = await openConnection(app, '').catch(() => null);
  socket?.destroy();
  return socket === null;
}

/** A connection that has said this much, and says no more. */
async function openConnection(app: ChildApp, text: string) {
  const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  if (text) socket.write(text);
  return socket;
}
