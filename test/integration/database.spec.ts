import { Logger } from '@nestjs/common';
import { parseEnvironment } from '../../src/config/env.js';
import { databaseOptions } from '../../src/platform/database/database.options.js';
import { Database, type EntityManager } from '../../src/platform/database/database.js';
import { LazyDataSource } from '../../src/platform/database/lazy-data-source.js';
import { DatabaseUnavailableError, TransactionConflictError } from '../../src/platform/database/pg-errors.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

/** Longer than any wait in these tests. */
const LONG_TIMEOUTS = { DB_CONNECT_TIMEOUT: '60s', DB_STATEMENT_TIMEOUT: '60s' };

describe('Database', () => {
  let storage: TestDatabase;
  let proxy: DatabaseProxy;
  let dataSource: LazyDataSource;
  let database: Database;

  const open = async (timeouts: Partial<typeof LONG_TIMEOUTS & { DB_POOL_MAX: string }>) => {
    const env = { DATABASE_URL: proxy.url, DB_POOL_MAX: '3', ...LONG_TIMEOUTS, ...timeouts };
    dataSource = new LazyDataSource(databaseOptions(parseEnvironment(env).database));
    database = new Database(dataSource);
    await dataSource.initialize();
  };
  /** Restarts with other settings. */
  const reopen = async (timeouts: Parameters<typeof open>[0]) => {
    await dataSource.destroy();
    await open(timeouts);
  };

  beforeAll(async () => {
    Logger.overrideLogger(false);
    storage = await TestDatabase.create();
    await storage.query('CREATE TABLE probe_notes (text text PRIMARY KEY)');
  });
  afterAll(() => storage.drop());

  beforeEach(async () => {
    await storage.query('DELETE FROM probe_notes');
    proxy = await DatabaseProxy.start(storage.url);
    await open(LONG_TIMEOUTS);
  });
  afterEach(async () => {
    if (dataSource.isInitialized) await dataSource.destroy();
    await proxy.close();
  });

  const write = (manager: EntityManager, text: string) => manager.query('INSERT INTO probe_notes VALUES ($1)', [text]);
  const notes = async () =>
    (await storage.query<{ text: string }>('SELECT text FROM probe_notes ORDER BY text')).map(({ text }) => text);
  const one = () => database.run((manager) => manager.query<{ one: number }[]>('SELECT 1 AS one'));

  it('run returns the result of its function', async () => {
    expect(await one()).toEqual([{ one: 1 }]);
  });

  it('run commits each statement by itself', async () => {
    const failing = database.run(async (manager) => {
      await write(manager, 'kept');
      throw new Error('too late');
    });
    await expect(failing).rejects.toThrow('too late');
    expect(await notes()).toEqual(['kept']);
  });

  it('a transaction commits when its function returns', async () => {
    const result = await database.transaction(async (manager) => {
      await write(manager, 'a');
      await write(manager, 'b');
      return 'done';
    });
    expect(result).toBe('done');
    expect(await notes()).toEqual(['a', 'b']);
  });

  it('a transaction rolls back when its function throws', async () => {
    const failing = database.transaction(async (manager) => {
      await write(manager, 'a');
      throw new Error('changed my mind');
    });
    await expect(failing).rejects.toThrow('changed my mind');
    expect(await notes()).toEqual([]);
  });

  it('a transaction rolls back when a statement fails', async () => {
    const failing = database.transaction(async (manager) => {
      await write(manager, 'a');
      await write(manager, 'a');
    });
    await expect(failing).rejects.toMatchObject({ driverError: { code: '23505' } });
    expect(await notes()).toEqual([]);
  });

  it('afterCommit runs its action when the changes are visible', async () => {
    let seen: Promise<string[]> | undefined;
    await database.transaction(async (manager) => {
      await write(manager, 'committed');
      database.afterCommit(manager, () => {
        seen = notes();
      });
    });
    expect(await seen).toEqual(['committed']);
  });

  it('afterCommit never runs its action after a rollback', async () => {
    let done = false;
    const failing = database.transaction((manager) => {
      database.afterCommit(manager, () => (done = true));
      return Promise.reject(new Error('no'));
    });
    await expect(failing).rejects.toThrow('no');
    expect(done).toBe(false);
  });

  it('a transaction is invisible before its commit', async () => {
    const seen = await database.transaction(async (manager) => {
      await write(manager, 'a');
      return notes();
    });
    expect(seen).toEqual([]);
  });

  it('an error that is not an outage is rethrown unchanged', async () => {
    const error = new TypeError('a bug');
    await expect(database.run(() => Promise.reject(error))).rejects.toBe(error);
    await expect(database.transaction(() => Promise.reject(error))).rejects.toBe(error);
  });

  it('a connection returns to the pool after success and failure', async () => {
    for (let round = 0; round < 5; round += 1) {
      await one();
      await database.transaction(() => Promise.reject(new Error('no'))).catch(() => undefined);
    }
    expect(database.pool()).toEqual({ total: 1, idle: 1, waiting: 0 });
  });

  it('a connection returns to the pool even if a query is not awaited', async () => {
    await database.run((manager) => {
      manager.query('SELECT 1').catch(() => undefined);
      return Promise.resolve();
    });
    await until('the connection is idle', () => database.pool().idle === 1);
    expect(database.pool().total).toBe(1);
  });

  it('has no pool before its first use', () => {
    expect(database.pool()).toEqual({ total: 0, idle: 0, waiting: 0 });
  });

  it('never opens more connections than the pool size', async () => {
    const reserved = () => database.runReserved((manager) => manager.query('SELECT 1 AS one'));
    await Promise.all(Array.from({ length: 20 }, () => [one(), reserved()]).flat());
    expect(proxy.connections).toBe(3);
  });

  it.each(['2', '3', '10'])('reserves a connection of a pool of %s for session lookups', async (poolMax) => {
    await reopen({ DB_POOL_MAX: poolMax });
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const busy = Array.from({ length: 20 }, () =>
      database.run((manager) => manager.query('SELECT 1').then(() => finished)),
    );
    const found = await database.runReserved((manager) => manager.query<unknown[]>('SELECT 1 AS one'));
    finish();
    await Promise.all(busy);
    expect(found).toEqual([{ one: 1 }]);
  });

  it('a statement that times out is an outage, and its connection is discarded', async () => {
    await reopen({ DB_STATEMENT_TIMEOUT: '500ms' });
    const slow = database.run((manager) => manager.query('SELECT pg_sleep(20)'));
    await expect(slow).rejects.toThrow(DatabaseUnavailableError);
    expect(database.pool().total).toBe(0);
  });

  it('a timeout while waiting for a connection is an outage', async () => {
    // The same timeout applies to connecting.
    await reopen({ DB_CONNECT_TIMEOUT: '3s' });
    await one();
    let finish = (): void => undefined;
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const busy = [1, 2].map(() =>
      database.run(async (manager) => {
        await manager.query('SELECT 1');
        await finished;
      }),
    );
    await until('the pool is exhausted', () => database.pool().total === 2 && database.pool().idle === 0);
    await expect(one()).rejects.toThrow(DatabaseUnavailableError);
    finish();
    await Promise.all(busy);
    expect(await one()).toEqual([{ one: 1 }]);
  });

  it.each(['run', 'transaction'] as const)(
    'a connection that is lost between two statements of a %s is an outage',
    async (kind) => {
      const failing = database[kind](async (manager) => {
        await write(manager, 'a');
        proxy.cut();
        await until('the pool notices the loss', () => database.pool().total === 0);
        await write(manager, 'b');
      });
      await expect(failing).rejects.toThrow(DatabaseUnavailableError);
      expect(await one()).toEqual([{ one: 1 }]);
    },
  );

  it('a transaction whose connection is lost changes nothing', async () => {
    const failing = database.transaction(async (manager) => {
      await write(manager, 'a');
      proxy.cut();
    });
    await expect(failing).rejects.toThrow(DatabaseUnavailableError);
    expect(await notes()).toEqual([]);
  });

  describe('two transactions that lock rows in opposite order', () => {
    let calls: number;
    const append = (manager: EntityManager, text: string) =>
      manager.query(`UPDATE probe_notes SET text = text || '!' WHERE text LIKE $1`, [`${text}%`]);

    /** Both transactions have a lock before they ask for the other one. A retry waits for the survivor. */
    async function deadlock(run: 'transaction' | 'transactionWithRetry') {
      await storage.query(`INSERT INTO probe_notes VALUES ('a'), ('b')`);
      calls = 0;
      let locked = 0;
      let meet = (): void => undefined;
      const met = new Promise<void>((resolve) => (meet = resolve));
      const changes: Promise<void>[] = [];
      const change = (first: string, second: string) =>
        database[run](async (manager) => {
          calls += 1;
          if (calls > 2) await Promise.any(changes);
          await manager.query(`SET LOCAL deadlock_timeout = '50ms'`);
          await append(manager, first);
          locked += 1;
          if (locked === 2) meet();
          await met;
          await append(manager, second);
        });
      changes.push(change('a', 'b'), change('b', 'a'));
      return Promise.allSettled(changes);
    }

    it('both succeed if the transaction is retried', async () => {
      const results = await deadlock('transactionWithRetry');
      expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
      expect([calls, await notes()]).toEqual([3, ['a!!', 'b!!']]);
    });

    it('one throws TransactionConflictError otherwise, and its connection stays in the pool', async () => {
      const [failed, ...others] = (await deadlock('transaction')).filter(({ status }) => status === 'rejected');
      expect(failed).toEqual({ status: 'rejected', reason: expect.any(TransactionConflictError) });
      expect([others, calls, await notes()]).toEqual([[], 2, ['a!', 'b!']]);
      expect(database.pool()).toEqual({ total: 2, idle: 2, waiting: 0 });
    });
  });

  it('a serialization failure at the commit throws TransactionConflictError', async () => {
    const insertAfterReading = (text: string, between: () => Promise<unknown>) =>
      dataSource.transaction('SERIALIZABLE', async (manager) => {
        await manager.query('SELECT FROM probe_notes');
        await between();
        await write(manager, text);
      });
    const first = insertAfterReading('a', () => insertAfterReading('b', () => Promise.resolve()));
    await expect(first).rejects.toThrow(TransactionConflictError);
    expect(await notes()).toEqual(['b']);
  });

  it('gives up after three attempts', async () => {
    let calls = 0;
    const failing = database.transactionWithRetry((manager) => {
      calls += 1;
      return manager.query(`DO $$ BEGIN RAISE SQLSTATE '40001'; END $$`);
    });
    await expect(failing).rejects.toThrow(TransactionConflictError);
    expect(calls).toBe(3);
  });

  it('waits a random time before each retry', async () => {
    const random = jest.spyOn(Math, 'random').mockReturnValue(0.9);
    const started = performance.now();
    const failing = database.transactionWithRetry((manager) =>
      manager.query(`DO $$ BEGIN RAISE SQLSTATE '40001'; END $$`),
    );
    await expect(failing).rejects.toThrow(TransactionConflictError);
    random.mockRestore();
    expect(performance.now() - started).toBeGreaterThan(2 * 40);
  });

  it('does not retry a transaction after another error', async () => {
    let calls = 0;
    const failing = database.transactionWithRetry((manager) => {
      calls += 1;
      return manager.query('SELECT nothing');
    });
    await expect(failing).rejects.toMatchObject({ driverError: { code: '42703' } });
    expect(calls).toBe(1);
  });

  it('a manager used after its transaction throws an error other than an outage', async () => {
    const manager = await database.transaction((used) => Promise.resolve(used));
    await expect(write(manager, 'late')).rejects.toThrow('released');
    await expect(write(manager, 'late')).rejects.not.toThrow(DatabaseUnavailableError);
    expect(await one()).toEqual([{ one: 1 }]);
  });

  it('a transaction throws DatabaseUnavailableError if the pool closes in between', async () => {
    const failing = database.transaction(async (manager) => {
      await write(manager, 'a');
      await dataSource.destroy();
      await write(manager, 'b');
    });
    await expect(failing).rejects.toThrow(DatabaseUnavailableError);
    expect(await notes()).toEqual([]);
  });

  it('rejects calls after it was closed', async () => {
    await one();
    await dataSource.destroy();
    await expect(one()).rejects.toThrow(DatabaseUnavailableError);
    expect(database.pool().total).toBe(0);
  });

  it('rejects calls and never connects if closed before its first use', async () => {
    await dataSource.destroy();
    await expect(one()).rejects.toThrow(DatabaseUnavailableError);
    expect(proxy.connections).toBe(0);
  });

  it('rejects waiting calls if closed during the first connection', async () => {
    const waiting = Promise.allSettled([one()]);
    await dataSource.destroy();
    expect(await waiting).toEqual([{ status: 'rejected', reason: expect.any(DatabaseUnavailableError) }]);
    await until('no connection is left', async () => {
      const rows = await storage.query(
        `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'gatehouse'`,
      );
      return rows.length === 0;
    });
    expect(database.pool().total).toBe(0);
  }, 30_000);
});
