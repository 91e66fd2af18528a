import { HealthRepository } from '../../src/health/health.repository.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

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
        database: { status: 'ok', roundTripMs: expect.any(Number), reason: null },
        migrations: { pending: [] },
        pool: POOL,
      },
    });
    expect(body.checks.pool.total).toBeGreaterThan(0);
    expect(body.checks.pool.total).toBeLessThanOrEqual(7);
  });

  it('measures the round trip of a query in milliseconds', async () => {
    const { status, body } = await app.request.get('/health/db');
    expect([status, body]).toEqual([200, { status: 'ok', roundTripMs: expect.any(Number), reason: null }]);
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
  it('is not ready while the tables of the guards are locked, and says so', async () => {
    const readiness = () => app.request.get('/health/ready');
    await app.database.withLock('LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE', async () => {
      // A probe of the last second may have succeeded.
      await until('readiness fails', async () => (await readiness()).status === 503);
      const { body } = await readiness();
      expect(body.checks).toMatchObject({
        database: { status: 'error', reason: 'tables_locked' },
        migrations: { pending: [] },
      });
    });
    await until('the application is ready', async () => (await readiness()).status === 200);
  });

  it('is not ready while the database cannot write to the disk', async () => {
    const name = new URL(app.database.url).pathname.slice(1);
    // New connections get the setting.
    const restart = () => app.database.query(TERMINATE);
    await app.database.query(`ALTER DATABASE ${name} SET temp_file_limit = 0`);
    await restart();
    await until('readiness reports the full disk', async () => {
      const { status, body } = await app.request.get('/health/ready');
      if (body.checks.database.reason !== 'disk_full') return false;
      expect(status).toBe(503);
      return true;
    });
    await app.database.query(`ALTER DATABASE ${name} RESET temp_file_limit`);
    await restart();
    await until('the application is ready', async () => (await app.request.get('/health/ready')).status === 200);
  });

  it('probes the database once for many callers', async () => {
    const probe = jest.spyOn(HealthRepository.prototype, 'tryToServe');
    const start = performance.now();
    const answers = await Promise.all(Array.from({ length: 20 }, () => app.request.get('/health/ready')));
    const seconds = (performance.now() - start) / 1_000;
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    // A slow machine needs more than a second, and then probes again.
    expect(probe.mock.calls.length).toBeLessThanOrEqual(1 + seconds);
    probe.mockRestore();
  });
});

const TERMINATE = `
  SELECT pg_terminate_backend(pid) FROM pg_stat_activity
   WHERE datname = current_database() AND application_name = 'gatehouse'`;
