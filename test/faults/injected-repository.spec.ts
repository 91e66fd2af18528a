import { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { Database } from '../../src/platform/database/database.js';
import { DatabaseUnavailableError } from '../../src/platform/database/pg-errors.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { LogLines } from '../support/log-lines.js';
import { CREATE_PROBE_NOTES, ProbeNote, ProbeNotesModule, ProbeNotesService } from '../support/probe-notes-module.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const POOL_SIZE = 3;

describe('an injected repository', () => {
  let direct: TestApp;
  let app: TestApp;
  let proxy: DatabaseProxy;
  let service: ProbeNotesService;
  const log = new LogLines();

  beforeAll(async () => {
    direct = await TestApp.start();
    await direct.database.query(CREATE_PROBE_NOTES);
  });
  afterAll(() => direct.close());

  beforeEach(async () => {
    await direct.database.query('DELETE FROM probe_notes');
    // Each test starts the application while the database is down.
    proxy = await DatabaseProxy.start(direct.database.url);
    await proxy.rejectConnections();
    const env = { DB_CONNECT_TIMEOUT: '5s', DB_STATEMENT_TIMEOUT: '3s', DB_POOL_MAX: String(POOL_SIZE) };
    const { database } = direct;
    app = await TestApp.start({ database, imports: [ProbeNotesModule], env: { ...env, DATABASE_URL: proxy.url }, log });
    await proxy.heal();
    service = app.app.get(ProbeNotesService);
    log.clear();
  });
  afterEach(async () => {
    await app.close();
    await proxy.close();
  });

  const get = () => app.request.get('/probe-notes');
  const statuses = async (count: number) =>
    (await Promise.all(Array.from({ length: count }, get))).map(({ status }) => status);
  const pool = () => app.app.get(Database).pool();
  const warnings = () => log.records.filter(({ level, context }) => level === 'warn' && context === 'Database');

  it('opens no connection at startup', async () => {
    await app.request.get('/health/live').expect(200);
    expect(proxy.connections).toBe(0);
  });

  it('works for 20 parallel first queries, which share one pool', async () => {
    const connect = jest.spyOn(PostgresDriver.prototype, 'connect');
    expect(await statuses(20)).toEqual(Array(20).fill(200));
    expect(connect).toHaveBeenCalledTimes(1);
    connect.mockRestore();
    expect(proxy.connections).toBeLessThanOrEqual(POOL_SIZE);
  });

  it('responds with 503 while the database is down, then works without a restart', async () => {
    await proxy.rejectConnections();
    const { body, headers } = await get().expect(503);
    expect(body).toMatchObject({ status: 503, code: 'database_unavailable' });
    expect([headers['content-type'], headers['retry-after']]).toEqual(['application/problem+json; charset=utf-8', '1']);
    expect(await statuses(20)).toEqual(Array(20).fill(503));
    await app.request.post('/probe-notes').send({ text: 'lost' }).expect(503);
    await proxy.heal();
    await app.request.post('/probe-notes').send({ text: 'stored' }).expect(201);
    expect((await get().expect(200)).body).toEqual([{ id: expect.any(Number), text: 'stored' }]);
  });

  it('logs an outage once, together with the other queries', async () => {
    await proxy.rejectConnections();
    await statuses(5);
    await app.app
      .get(Database)
      .run((manager) => manager.query('SELECT 1'))
      .catch(() => undefined);
    expect(warnings()).toEqual([expect.objectContaining({ msg: expect.stringContaining('Database unavailable') })]);
    await proxy.heal();
    await get().expect(200);
    await proxy.rejectConnections();
    await statuses(5);
    // A short recovery does not end the outage.
    expect(warnings()).toHaveLength(1);
  });

  it('discards a connection whose statement timed out', async () => {
    const slow = service.notes.query('SELECT pg_sleep(20)');
    await expect(slow).rejects.toThrow(DatabaseUnavailableError);
    expect(pool().total).toBe(0);
    await get().expect(200);
  });

  it('discards connections that stopped responding', async () => {
    // One is reserved for session lookups.
    const usable = POOL_SIZE - 1;
    const runners = Array.from({ length: usable }, () => service.dataSource.createQueryRunner());
    await Promise.all(runners.map((runner) => runner.query('SELECT 1')));
    await Promise.all(runners.map((runner) => runner.release()));
    proxy.silence();
    expect(await statuses(usable)).toEqual(Array(usable).fill(503));
    expect(await statuses(POOL_SIZE)).toEqual(Array(POOL_SIZE).fill(200));
  });

  it('rolls back a save whose connection is lost, and responds with 503', async () => {
    await get().expect(200);
    const before = proxy.statements;
    proxy.onStatement = () => {
      // START TRANSACTION, INSERT, COMMIT
      if (proxy.statements === before + 2) proxy.cut();
    };
    await app.request.post('/probe-notes').send({ text: 'lost' }).expect(503);
    expect(await direct.database.query('SELECT FROM probe_notes')).toEqual([]);
  });

  it('throws DatabaseUnavailableError if a transaction loses its connection between two statements', async () => {
    const failing = service.dataSource.transaction(async (manager) => {
      await manager.insert(ProbeNote, { text: 'a' });
      proxy.cut();
      await until('the pool notices the loss', () => pool().total === 0);
      await manager.getRepository(ProbeNote).find();
    });
    await expect(failing).rejects.toThrow(DatabaseUnavailableError);
    await get().expect(200, []);
  });

  it.each([
    ['a deadlock', '40P01'],
    ['a serialization failure', '40001'],
    ['a lock that is not available', '55P03'],
  ])('responds to %s with 503 and Retry-After, and rolls back', async (_, state) => {
    await direct.database.query(
      `CREATE FUNCTION fail() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE SQLSTATE '${state}'; END $$;
       CREATE TRIGGER fail AFTER INSERT ON probe_notes FOR EACH ROW EXECUTE FUNCTION fail()`,
    );
    const { body, headers } = await app.request.post('/probe-notes').send({ text: 'lost' });
    await direct.database.query('DROP FUNCTION fail CASCADE');
    expect([body, headers['retry-after']]).toEqual([
      expect.objectContaining({ status: 503, code: 'database_unavailable' }),
      '1',
    ]);
    await get().expect(200, []);
  });

  it('throws the error of an invalid statement unchanged', async () => {
    const wrong = service.notes.query('SELECT nothing');
    await expect(wrong).rejects.toMatchObject({ driverError: { code: '42703' } });
    expect(pool()).toMatchObject({ total: 1, idle: 1 });
  });
});
