import { AsyncResource } from 'node:async_hooks';
import type { DataSource, Repository } from 'typeorm';
import { parseEnvironment } from '../../src/config/env.js';
import { databaseOptions } from '../../src/platform/database/database.options.js';
import { Database } from '../../src/platform/database/database.js';
import { LazyDataSource } from '../../src/platform/database/lazy-data-source.js';
import { CREATE_PROBE_NOTES, ProbeNote, ProbeNotesModule, ProbeNotesService } from '../support/probe-notes-module.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

/** Two parallel calls, as the handler of one request makes them. */
const both = (call: () => Promise<unknown>) => Promise.all([call(), call()]);

describe('code that asks for a second connection', () => {
  let app: TestApp;
  let notes: Repository<ProbeNote>;
  let dataSource: DataSource;
  let database: Database;
  beforeAll(async () => {
    app = await TestApp.start({ imports: [ProbeNotesModule] });
    await app.database.query(CREATE_PROBE_NOTES);
    ({ notes, dataSource } = app.app.get(ProbeNotesService));
    database = app.app.get(Database);
  });
  afterAll(() => app.close());

  /** Waits once, so that no test changes the context of another one. */
  const call = async (code: () => Promise<unknown>) => {
    await Promise.resolve();
    return code();
  };

  it.each<[string, () => Promise<unknown>]>([
    [
      'run()',
      () =>
        database.run(async (manager) => {
          await manager.query('SELECT 1');
          await notes.find();
        }),
    ],
    ['transaction()', () => database.transaction(() => notes.find())],
    [
      'a nested transaction()',
      () => database.transaction(() => database.transaction((manager) => manager.find(ProbeNote))),
    ],
    ['DataSource.transaction()', () => dataSource.transaction(() => notes.save({ text: 'a' }))],
    ['manager.transaction()', () => notes.manager.transaction(() => database.query('SELECT 1', []))],
    ['parallel queries of a transaction', () => dataSource.transaction(() => both(() => notes.find()))],
    [
      'the transaction of a query runner',
      async () => {
        const runner = dataSource.createQueryRunner();
        await runner.connect();
        await runner.startTransaction();
        try {
          await notes.find();
        } finally {
          await runner.rollbackTransaction();
          await runner.release();
        }
      },
    ],
  ])('inside %s gets a clear error in tests', async (_, code) => {
    await expect(call(code)).rejects.toThrow('has a database connection and asks for a second one');
    expect(database.pool()).toMatchObject({ total: expect.any(Number), waiting: 0 });
  });

  it.each<[string, () => Promise<unknown>]>([
    ['parallel queries', () => both(() => notes.find())],
    ['parallel saves', () => both(() => notes.save({ text: 'a' }))],
    ['parallel transactions', () => both(() => dataSource.transaction((manager) => manager.find(ProbeNote)))],
    ['parallel calls of transaction()', () => both(() => database.transaction((manager) => manager.find(ProbeNote)))],
    [
      'a transaction that starts while another one is running',
      async () => {
        let finish: (() => void) | undefined;
        const running = dataSource.transaction(async (manager) => {
          await manager.find(ProbeNote);
          await new Promise<void>((resolve) => (finish = resolve));
        });
        await until('the first one has a connection', () => finish !== undefined);
        await dataSource.transaction((manager) => manager.find(ProbeNote));
        finish?.();
        await running;
      },
    ],
    [
      'a query after a transaction',
      async () => {
        await dataSource.transaction((manager) => manager.find(ProbeNote));
        await notes.find();
      },
    ],
    [
      'a nested transaction of the same manager',
      () => dataSource.transaction((one) => one.transaction((two) => two.find(ProbeNote))),
    ],
    [
      'the repository of the transaction',
      () => dataSource.transaction((manager) => manager.getRepository(ProbeNote).find()),
    ],
    [
      'a query after the transaction of a query runner',
      async () => {
        const runner = dataSource.createQueryRunner();
        await runner.startTransaction();
        await runner.manager.find(ProbeNote);
        await runner.commitTransaction();
        await runner.release();
        await notes.find();
      },
    ],
  ])('is allowed if it uses them in sequence or independently: %s', async (_, code) => {
    await call(code);
    expect(database.pool().waiting).toBe(0);
  });

  it('is not detected in production, where detection would slow down every promise', async () => {
    const { database: config } = parseEnvironment({ NODE_ENV: 'test', DATABASE_URL: app.database.url });
    const production = await new LazyDataSource({ ...databaseOptions(config), entities: [ProbeNote] }).initialize();
    const found = await production.transaction(() => production.getRepository(ProbeNote).find());
    expect(found).toEqual(expect.any(Array));
    await production.destroy();
  });

  it('is not tracked after the data source is destroyed', async () => {
    // Node.js before version 24 stores a value of each active context in every new resource.
    const contexts = () => Object.getOwnPropertySymbols(new AsyncResource('Probe')).length;
    const before = contexts();
    const { database: config } = parseEnvironment({ NODE_ENV: 'test', DATABASE_URL: app.database.url });
    const options = { ...databaseOptions(config), entities: [ProbeNote], rejectSecondConnection: true };
    const short = await new LazyDataSource(options).initialize();
    await short.transaction((manager) => manager.find(ProbeNote));
    await short.destroy();
    expect(contexts()).toBe(before);
  });
});
