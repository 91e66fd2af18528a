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
const MAX_EXIT_MS = 10_000;
/**
 * With hanging clients and a silent database: 8 s for incomplete requests, 2 s to connect, and a reserve for a busy
 * machine. Waiting for everything in these tests would take longer.
 */
const MAX_WORST_EXIT_MS = 20_000;

describe('stopping the process', () => {
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
    // A long connect timeout, because requests may queue for a connection on a busy machine, and 503 would fail the test.
    app = await ChildApp.start({ DATABASE_URL: proxy.url, DB_CONNECT_TIMEOUT: '2s', DB_STATEMENT_TIMEOUT: '5s' });
  });
  afterEach(async () => {
    await app.kill();
    await proxy.close();
  });

  it('with SIGINT, as Ctrl-C sends it, exits with code 0', async () => {
    app.signal('SIGINT');
    expect(await app.exited).toEqual(GRACEFUL);
  });

  it('with SIGTERM under load drops no request and exits within ten seconds', async () => {
    const load = Load.start(20, app.url, () => ['/users/me', { token: ada.accessToken }]);
    await until('the load has started', () => load.answers.length > 200);
    const start = Date.now();
    app.signal('SIGTERM');
    const exit = await app.exited;
    await load.dismissed();
    expect(Object.keys(load.statuses)).toEqual(['200']);
    expect(exit).toEqual(GRACEFUL);
    expect(Date.now() - start).toBeLessThan(MAX_EXIT_MS);
  });

  it('finishes a slow request and then closes its connection', async () => {
    const load = await direct.database.withLock('LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE', async () => {
      const running = Load.start(1, app.url, () => ['/users/me', { token: ada.accessToken }]);
      await until(
        'the request waits for the lock',
        async () => (await direct.database.waitingFor('sessions')).length > 0,
      );
      app.signal('SIGTERM');
      await until('new connections are refused', () => isRefused(app), MAX_EXIT_MS);
      return running;
    });
    const exit = await app.exited;
    await load.dismissed();
    expect(load.answers).toEqual([expect.objectContaining({ status: 200, closes: true })]);
    expect(exit).toEqual(GRACEFUL);
  });

  it('responds to queued sign-ins and does not wait for all of them', async () => {
    await app.kill();
    app = await ChildApp.start({ DATABASE_URL: direct.database.url, BCRYPT_COST: '14' });
    const load = Load.start(30 * availableParallelism(), app.url, (client) => [
      '/auth/login',
      { method: 'POST', json: { email: `nobody-${client}@example.com`, password: 'x' } },
    ]);
    await until('the first response arrives', () => load.answers.length > 0, 60_000);
    const start = Date.now();
    app.signal('SIGTERM');
    await load.stop();
    const exit = await app.exited;
    const duration = Date.now() - start;
    expect(Object.keys(load.statuses)).toEqual(['401', '503']);
    expect([exit, duration < MAX_WORST_EXIT_MS]).toEqual([GRACEFUL, true]);
  });

  it('writes buffered last-seen times', async () => {
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

  it('waits neither for a silent database nor for hanging clients', async () => {
    await direct.database.query(`UPDATE sessions SET last_seen_at = now() - interval '1 hour'`);
    await app.as(ada.accessToken).get('/users/me').expect(200);
    const halfRequest = 'POST /auth/login HTTP/1.1\r\nHost: localhost\r\nContent-Le';
    const sockets = await Promise.all(['', halfRequest].map((text) => openConnection(app, text)));
    proxy.freeze();
    const start = Date.now();
    app.signal('SIGTERM');
    expect(await app.exited).toEqual(GRACEFUL);
    expect(Date.now() - start).toBeLessThan(MAX_WORST_EXIT_MS);
    for (const socket of sockets) socket.destroy();
  });
});

/** Returns whether new connections are refused. */
async function isRefused(app: ChildApp): Promise<boolean> {
  const socket = await openConnection(app, '').catch(() => null);
  socket?.destroy();
  return socket === null;
}

/** Opens a connection that sends this text and nothing more. */
async function openConnection(app: ChildApp, text: string) {
  const socket = connect(Number(new URL(app.url).port), '127.0.0.1');
  socket.on('error', () => undefined);
  await once(socket, 'connect');
  if (text) socket.write(text);
  return socket;
}
