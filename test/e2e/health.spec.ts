import { readdir } from 'node:fs/promises';
import { buildSignedIn } from '../support/builders.js';
import { NO_DATABASE } from '../support/constants.js';
import { TestApp } from '../support/test-app.js';
import { TestDatabase } from '../support/test-database.js';

const POOL = { total: expect.any(Number), idle: expect.any(Number), waiting: 0 };

describe('health', () => {
  describe('of an instance that has its database', () => {
    let app: TestApp;
    beforeAll(async () => (app = await TestApp.start({ env: { DB_POOL_MAX: '7' } })));
    afterAll(() => app.close());

    it('the process is live', async () => {
      const { status, body } = await app.request.get('/health/live');
      expect([status, body]).toEqual([200, { status: 'ok' }]);
    });

    it('readiness holds when the database answers and no migration is missing', async () => {
      const { status, body } = await app.request.get('/health/ready');
      expect(status).toBe(200);
      expect(body).toEqual({
        status: 'ok',
        checks: {
          database: { status: 'ok', roundTripMs: expect.any(Number) },
          migrations: { pending: [] },
          pool: POOL,
        },
      });
      expect(body.checks.pool.total).toBeGreaterThan(0);
      expect(body.checks.pool.total).toBeLessThanOrEqual(7);
    });

    it('a statement is timed, and the round trip is in milliseconds', async () => {
      const { status, body } = await app.request.get('/health/db');
      expect([status, body]).toEqual([200, { status: 'ok', roundTripMs: expect.any(Number) }]);
      expect(body.roundTripMs).toBeGreaterThan(0);
    });

    it.each(['/health/live', '/health/ready', '/health/db'])(
      'anyone may ask, and a bad token does not matter: %s',
      async (path) => {
        const { status } = await app.as('x.y.z').get(path);
        expect(status).toBe(200);
      },
    );

    it('a migration that a newer build brings is pending, and one that only an older build knows is not', async () => {
      const rows = await app.database.query<{ name: string }>('SELECT name FROM migrations ORDER BY id DESC LIMIT 1');
      const last = rows[0]?.name ?? '';
      await app.database.query('DELETE FROM migrations WHERE name = $1', [last]);
      await app.database.query(`INSERT INTO migrations (timestamp, name) VALUES (9999999999999, 'Later9999999999999')`);
      const { status, body } = await app.request.get('/health/ready');
      expect([status, body.status]).toEqual([503, 'error']);
      expect(body.checks).toMatchObject({ database: { status: 'ok' }, migrations: { pending: [last] } });
      await app.database.query(`UPDATE migrations SET name = $1 WHERE name = 'Later9999999999999'`, [last]);
      expect((await app.request.get('/health/ready')).status).toBe(200);
    });
  });

  it('where nothing was ever migrated, every migration is pending, oldest first', async () => {
    const database = await TestDatabase.create({ empty: true });
    const app = await TestApp.start({ database });
    try {
      const { status, body } = await app.request.get('/health/ready');
      const files = (await readdir(new URL('../../migrations/', import.meta.url))).sort();
      expect(status).toBe(503);
      expect(body).toMatchObject({ status: 'error', checks: { database: { status: 'ok' } } });
      expect(body.checks.migrations.pending).toEqual(files.map((file) => file.replace(/^(\d+)-(\w+)\.ts$/, '$2$1')));
    } finally {
      await app.close();
      await database.drop();
    }
  });

  describe('of an instance whose database is away', () => {
    let app: TestApp;
    let accessToken: string;
    let here: TestApp;

    beforeAll(async () => {
      here = await TestApp.start();
      ({ accessToken } = await buildSignedIn(here));
      app = await TestApp.start({
        database: here.database,
        env: { DATABASE_URL: NO_DATABASE },
      });
    });
    afterAll(async () => {
      await app.close();
      await here.close();
    });

    it('the process is live all the same', async () => {
      const { status, body } = await app.request.get('/health/live');
      expect([status, body]).toEqual([200, { status: 'ok' }]);
    });

    it('readiness fails, says why, and tells a probe when to come again', async () => {
      const { status, body, headers } = await app.request.get('/health/ready');
      expect(status).toBe(503);
      expect(body).toEqual({
        status: 'error',
        checks: {
          database: { status: 'error', roundTripMs: null },
          migrations: { pending: [] },
          pool: { total: 0, idle: 0, waiting: 0 },
        },
      });
      expect(headers['retry-after']).toBe('1');
    });

    it('its own probe is 503, without its address or the driver’s words', async () => {
      const { status, body } = await app.request.get('/health/db');
      expect([status, body]).toEqual([503, { status: 'error', roundTripMs: null }]);
    });

    it('a bad token is still 401, for no database is asked', async () => {
      const { status, body } = await app.as('x.y.z').get('/users/me');
      expect([status, body.code]).toEqual([401, 'token_invalid']);
    });

    it('a good token is 503 database_unavailable, never 401', async () => {
      const { status, body, headers } = await app.as(accessToken).get('/users/me');
      expect([status, body.code, headers['retry-after']]).toEqual([503, 'database_unavailable', '1']);
      expect(headers).not.toHaveProperty('www-authenticate');
    });

    it.each(['/docs', '/openapi.json'])('what needs no database works: %s', async (path) => {
      const { status } = await app.request.get(path);
      expect(status).toBe(200);
    });

    it('the token endpoint says temporarily_unavailable in OAuth’s own form', async () => {
      const form = { grant_type: 'password', username: 'a@example.com', password: 'whatever' };
      const { status, body, headers } = await app.request.post('/auth/token').type('form').send(form);
      expect([status, body.error, headers['retry-after']]).toEqual([503, 'temporarily_unavailable', '1']);
    });
  });
});
