import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { ChildApp } from '../support/child-app.js';
import { Load } from '../support/load.js';
import { OwnCluster } from '../support/own-cluster.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

/** The maximum response time with the timeouts below, on a busy machine. */
const MAX_RESPONSE_MS = 9_000;

describe('kill -9 of the application', () => {
  let direct: TestApp;
  let people: SignedIn[];
  beforeAll(async () => {
    // A long grace period, because a busy machine may be slow to restart.
    direct = await TestApp.start({ env: { REFRESH_GRACE: '1m' } });
    people = await Promise.all(Array.from({ length: 12 }, () => buildSignedIn(direct)));
  });
  afterAll(() => direct.close());
  let killed: ChildApp;
  beforeEach(async () => (killed = await ChildApp.start({ DATABASE_URL: direct.database.url })));
  afterEach(() => killed.kill());

  it('during refreshes leaves one working token chain per session', async () => {
    const tokens = people.map(({ refreshToken }) => refreshToken);
    const rotations = people.map(() => 0);
    const refreshing = people.map(async (_, person) => {
      for (;;) {
        const { body } = await killed.request.post('/auth/refresh').send({ refreshToken: tokens[person] });
        tokens[person] = body.refreshToken as string;
        rotations[person] = (rotations[person] ?? 0) + 1;
      }
    });
    await until('everyone refreshes', () => Math.min(...rotations) > 3);
    await killed.kill();
    await Promise.allSettled(refreshing);
    const acknowledged = new Map(people.map(({ sessionId }, person) => [sessionId, rotations[person] ?? 0]));

    const first = await Promise.all(tokens.map((token) => refresh(token)));
    const again = await Promise.all(tokens.map((token) => refresh(token)));

    expect(first.map(({ status }) => status)).toEqual(people.map(() => 200));
    expect(again.map(({ body }) => body.refreshToken as string)).toEqual(
      first.map(({ body }) => body.refreshToken as string),
    );
    const rows = await direct.database.query<{ id: string; refresh_counter: number }>(
      'SELECT id, refresh_counter FROM sessions',
    );
    // The last rotation happened exactly once, whether or not it was committed before the kill.
    expect(rows.map((row) => row.refresh_counter)).toEqual(rows.map((row) => (acknowledged.get(row.id) ?? 0) + 1));
  });

  it('after an acknowledged registration or sign-out loses neither', async () => {
    const password = 'seven lanterns at dusk';
    const leavers = await Promise.all(Array.from({ length: 40 }, () => buildSignedIn(direct)));
    const registered: string[] = [];
    const signedOut: SignedIn[] = [];
    let isOver = false;
    const registering = [1, 2, 3, 4].map(async (lane) => {
      for (let i = 0; ; i += 1) {
        const email = `lane-${lane}-${i}@example.com`;
        const { status } = await killed.request.post('/auth/register').send({ email, password });
        if (status === 201) registered.push(email);
      }
    });
    const leaving = leavers.map(async (person, i) => {
      await until('its turn comes', () => isOver || registered.length >= i);
      const { status } = await killed.as(person.accessToken).post('/auth/logout');
      if (status === 204) signedOut.push(person);
    });
    await until('both are running', () => registered.length > 20 && signedOut.length > 5);
    await killed.kill();
    isOver = true;
    await Promise.allSettled([...registering, ...leaving]);

    const known = await direct.database.query<{ email: string }>('SELECT email FROM users WHERE email = ANY($1)', [
      registered,
    ]);
    const codes = await Promise.all(
      signedOut.map(async ({ accessToken }) => (await direct.as(accessToken).get('/users/me')).body.code as string),
    );
    expect(known.map(({ email }) => email).sort()).toEqual(registered.sort());
    expect(codes).toEqual(signedOut.map(() => 'session_revoked'));
  });

  const refresh = (refreshToken: string) => direct.request.post('/auth/refresh').send({ refreshToken });
});

describe('kill -9 of the database server', () => {
  const password = 'seven lanterns at dusk';
  let cluster: OwnCluster;
  let app: ChildApp;
  const isReady = async () => (await app.request.get('/health/ready')).status === 200;

  beforeAll(async () => {
    cluster = await OwnCluster.start();
    app = await ChildApp.start({
      DATABASE_URL: cluster.url,
      DB_CONNECT_TIMEOUT: '2s',
      DB_STATEMENT_TIMEOUT: '2s',
    });
  });
  afterAll(async () => {
    await app.kill();
    await cluster.stop();
  });

  it('causes 503 in bounded time, never 401 or 500, and ends within five seconds', async () => {
    const eve = { email: 'eve@example.com', password };
    await app.request.post('/auth/register').send(eve).expect(201);
    const { body } = await app.request.post('/auth/login').send(eve).expect(200);
    const load = Load.start(10, app.url, () => ['/users/me', { token: body.accessToken }]);
    await until('the load has started', () => load.answers.length > 50);
    cluster.kill();
    await until('requests fail', () => (load.statuses[503] ?? 0) > 50);
    await cluster.restart();
    await until('the application is ready', isReady, 5_000);
    const recovered = load.statuses[200] ?? 0;
    await until('the load is served again', () => (load.statuses[200] ?? 0) > recovered + 50);
    await load.stop();
    expect(Object.keys(load.statuses)).toEqual(['200', '503']);
    expect(load.longest).toBeLessThan(MAX_RESPONSE_MS);
  });

  it('keeps every acknowledged registration and sign-out', async () => {
    const ada = { email: 'ada@example.com', password };
    await app.request.post('/auth/register').send(ada).expect(201);
    const { body: tokens } = await app.request.post('/auth/login').send(ada).expect(200);
    let counter = 0;
    const load = Load.start(8, app.url, () => [
      '/auth/register',
      { method: 'POST', json: { email: `user-${++counter}@example.com`, password } },
    ]);
    await until('users are registered', () => (load.statuses[201] ?? 0) > 40);
    await app
      .as(tokens.accessToken as string)
      .post('/auth/logout')
      .expect(204);
    cluster.kill();
    await until('requests fail', () => (load.statuses[503] ?? 0) > 0);
    await load.stop();
    await cluster.restart();
    await until('the application is ready', isReady);

    const acknowledged = load.answers
      .filter(({ status }) => status === 201)
      .map(({ body }) => (JSON.parse(body) as { email: string }).email);
    // In sequence, so that no request waits too long for a connection or a thread.
    const signIns = [];
    for (const email of acknowledged) signIns.push(await app.request.post('/auth/login').send({ email, password }));
    const { body: afterwards } = await app.as(tokens.accessToken as string).get('/users/me');
    expect(signIns.map(({ status }) => status)).toEqual(acknowledged.map(() => 200));
    expect(afterwards.code).toBe('session_revoked');
  });
});
