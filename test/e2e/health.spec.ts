import { TestApp } from '../support/test-app.js';

const POOL = { total: expect.any(Number), idle: expect.any(Number), waiting: 0 };

describe('health', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start({ env: { DB_POOL_MAX: '7' } })));
  afterAll(() => app.close());

  it('reports the process as live', async () => {
    const { status, body } = await app.request.get('/health/live');
    expect([status, body]).toEqual([200, { status: 'ok' }]);
  });

  it('is ready if the database responds and no migration is pending', async () => {
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

  it('measures the round trip of a query in milliseconds', async () => {
    const { status, body } = await app.request.get('/health/db');
    expect([status, body]).toEqual([200, { status: 'ok', roundTripMs: expect.any(Number) }]);
    expect(body.roundTripMs).toBeGreaterThan(0);
  });

  it.each(['/health/live', '/health/ready', '/health/db'])(
    'needs no token and ignores an invalid one: %s',
    async (path) => {
      const { status } = await app.as('x.y.z').get(path);
      expect(status).toBe(200);
    },
  );

  it('is not ready while a migration is pending, and ignores unknown ones', async () => {
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
