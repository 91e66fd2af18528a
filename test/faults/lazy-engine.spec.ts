import { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import type { DatabaseProxy } from '../support/database-proxy.js';
import { TestApp } from '../support/test-app.js';

/** The extra statements of the first connection: version, database and schema. */
const FIRST_CONNECTION = 3;

describe('the lazy connection', () => {
  let direct: TestApp;
  let ada: SignedIn;
  let proxy: DatabaseProxy;
  let app: TestApp;

  beforeAll(async () => {
    direct = await TestApp.start();
    ada = await buildSignedIn(direct);
  });
  afterAll(() => direct.close());

  beforeEach(async () => {
    const env = { DB_CONNECT_TIMEOUT: '5s', DB_STATEMENT_TIMEOUT: '3s' };
    [app, proxy] = await TestApp.startProxied(direct, { env });
  });
  afterEach(() => app.close());

  const getMe = async () => (await app.as(ada.accessToken).get('/users/me')).status;
  const isReady = async () => (await app.request.get('/health/ready')).status === 200;

  it('is not opened at startup', async () => {
    await app.request.get('/health/live').expect(200, { status: 'ok' });
    expect(proxy.connections).toBe(0);
  });

  it('is not opened for an invalid token', async () => {
    await app.as(`${ada.accessToken}x`).get('/users/me').expect(401);
    expect(proxy.connections).toBe(0);
  });

  it('is opened once for all requests that arrive meanwhile', async () => {
    const connect = jest.spyOn(PostgresDriver.prototype, 'connect');
    const answers = await Promise.all(Array.from({ length: 100 }, () => app.as(ada.accessToken).get('/users/me')));
    expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(200));
    expect(connect).toHaveBeenCalledTimes(1);
    connect.mockRestore();
  });

  describe('while the database is down', () => {
    beforeEach(() => proxy.rejectConnections());

    it('reports liveness', async () => {
      const { status, body } = await app.request.get('/health/live');
      expect([status, body]).toEqual([200, { status: 'ok' }]);
    });

    it('reports that it is not ready because of the database', async () => {
      const { body, headers } = await app.request.get('/health/ready').expect(503);
      expect(body).toEqual({
        status: 'error',
        checks: {
          database: { status: 'error', roundTripMs: null, reason: 'unreachable' },
          migrations: { pending: null },
          pool: { total: 0, idle: 0, waiting: 0 },
        },
      });
      expect(headers['retry-after']).toBe('1');
    });

    it('reports an error on /health/db', async () => {
      const { body } = await app.request.get('/health/db').expect(503);
      expect(body).toEqual({ status: 'error', roundTripMs: null, reason: 'unreachable' });
    });

    it('rejects an invalid token with 401, without the database', async () => {
      const { body } = await app.as(`${ada.accessToken}x`).get('/users/me').expect(401);
      expect(body.code).toBe('token_invalid');
    });

    it('responds to a valid token with 503 and Retry-After, not 401', async () => {
      const { body, headers } = await app.as(ada.accessToken).get('/users/me').expect(503);
      expect(body).toMatchObject({ status: 503, code: 'database_unavailable' });
      expect(headers['retry-after']).toBe('1');
      expect(headers['content-type']).toContain('application/problem+json');
      expect(headers).not.toHaveProperty('www-authenticate');
    });

    it.each([
      ['/auth/register', { email: 'eve@example.com', password: 'seven lanterns at dusk' }],
      ['/auth/login', { email: 'eve@example.com', password: 'seven lanterns at dusk' }],
    ])('responds to %s with 503', async (path, body) => {
      const answer = await app.request.post(path).send(body).expect(503);
      expect(answer.body.code).toBe('database_unavailable');
    });

    it('responds to a refresh with 503, so that the client keeps its token', async () => {
      const { refreshToken } = ada;
      const { body } = await app.request.post('/auth/refresh').send({ refreshToken }).expect(503);
      expect(body.code).toBe('database_unavailable');
    });

    it.each(['/docs', '/openapi.json'])('serves %s without the database', async (path) => {
      const { status } = await app.request.get(path).redirects(1);
      expect(status).toBe(200);
    });

    it('works within five seconds after the database returns, without a restart', async () => {
      expect(await getMe()).toBe(503);
      await proxy.heal();
      expect(await isReady()).toBe(true);
      expect(await getMe()).toBe(200);
    });

    it('retries on the next request after a failed connection', async () => {
      expect(await getMe()).toBe(503);
      await proxy.heal();
      expect(await getMe()).toBe(200);
    });

    it('responds with 503 to all requests that shared a failed attempt', async () => {
      const answers = await Promise.all(Array.from({ length: 100 }, () => app.as(ada.accessToken).get('/users/me')));
      expect(answers.map(({ status }) => status)).toEqual(Array(100).fill(503));
    });
  });

  it.each([1, FIRST_CONNECTION])(
    'recovers from a connection that stopped responding at statement %i',
    async (fatal) => {
      proxy.onStatement = () => {
        if (proxy.statements === fatal) proxy.freeze();
      };
      expect(await getMe()).toBe(503);
      proxy.onStatement = () => undefined;
      await proxy.heal();
      expect(await getMe()).toBe(200);
    },
  );

  it.each([1, 2, FIRST_CONNECTION])('recovers from a connection that dropped at statement %i', async (fatal) => {
    proxy.onStatement = () => {
      if (proxy.statements === fatal) proxy.cut();
    };
    expect(await getMe()).toBe(503);
    expect(await getMe()).toBe(200);
  });

  it('recovers from a database that accepts connections but does not respond', async () => {
    proxy.freeze();
    expect(await getMe()).toBe(503);
    await proxy.heal();
    expect(await getMe()).toBe(200);
  });
});
