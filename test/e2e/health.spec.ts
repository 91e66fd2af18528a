import { TestApp } from '../support/test-app.js';

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
});
