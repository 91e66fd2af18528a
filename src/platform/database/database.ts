import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import { DatabaseUnavailableError, isUnavailable } from './pg-errors.js';

export type { EntityManager } from 'typeorm';

/** The connections of the pool. */
export interface PoolState {
  readonly total: number;
  readonly idle: number;
  /** How many callers wait for a connection. */
  readonly waiting: number;
}

/**
 * Runs all queries of the application. The first query opens the pool, and concurrent first queries share that attempt.
 * If it fails, the next query tries again.
 *
 * Do not call `run` or `transaction` inside `fn`. A caller that waits for a second connection while it has one could
 * block the pool forever.
 */
@Injectable()
export class Database implements OnApplicationShutdown {
  private readonly logger = new Logger(Database.name);
  private connecting: Promise<unknown> | undefined;
  private isClosed = false;
  private isAvailable = true;
  private readonly commitActions = new WeakMap<EntityManager, (() => void)[]>();

  constructor(private readonly dataSource: DataSource) {}

  /**
   * Calls `fn` with a connection. Each statement commits by itself.
   *
   * @throws DatabaseUnavailableError if the connection fails or a timeout expires
   */
  async run<T>(fn: (manager: EntityManager) => Promise<T>): Promise<T> {
    this.assertOpen();
    let runner: QueryRunner | undefined;
    try {
      if (!this.dataSource.isInitialized) await this.connect();
      // While it connected, the pool may have been closed. A closing pool never returns a connection.
      this.assertOpen();
      runner = this.dataSource.createQueryRunner();
      const result = await fn(runner.manager);
      this.isAvailable = true;
      return result;
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      // One warning per outage.
      this.logger[this.isAvailable ? 'warn' : 'debug'](`Database unavailable: ${error.message}`);
      this.isAvailable = false;
      if (runner) await discardConnection(runner);
      throw new DatabaseUnavailableError({ cause: error });
    } finally {
      await runner?.release();
    }
  }

  /**
   * Runs one statement and returns its rows, as `pg` does.
   *
   * @throws DatabaseUnavailableError if the connection fails or a timeout expires
   */
  async query(text: string, values: readonly unknown[]): Promise<{ rows: unknown[] }> {
    return { rows: await this.run((manager) => manager.query<unknown[]>(text, [...values])) };
  }

  /**
   * Calls `fn` in a transaction (read committed). Commits when `fn` returns and rolls back when it throws.
   *
   * @throws DatabaseUnavailableError if the connection fails or a timeout expires
   */
  async transaction<T>(fn: (manager: EntityManager) => Promise<T>): Promise<T> {
    const actions: (() => void)[] = [];
    const result = await this.run((connection) =>
      connection.transaction((manager) => {
        this.commitActions.set(manager, actions);
        return fn(manager);
      }),
    );
    for (const action of actions) action();
    return result;
  }

  /** Calls `action` after the transaction has committed and released its connection. Drops it after a rollback. */
  afterCommit(manager: EntityManager, action: () => void): void {
    const actions = this.commitActions.get(manager);
    if (!actions) throw new Error('afterCommit needs the EntityManager of a transaction.');
    actions.push(action);
  }

  /** Returns the state of the pool. All numbers are 0 before the first query. */
  pool(): PoolState {
    const pool = poolOf(this.dataSource);
    return { total: pool?.totalCount ?? 0, idle: pool?.idleCount ?? 0, waiting: pool?.waitingCount ?? 0 };
  }

  /** Closes the pool. Nest calls this last, so that other providers can still write at shutdown. */
  async onApplicationShutdown(): Promise<void> {
    this.isClosed = true;
    await this.connecting?.catch(() => undefined);
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }

  private assertOpen(): void {
    if (this.isClosed) throw new DatabaseUnavailableError();
  }

  private connect(): Promise<unknown> {
    this.connecting ??= this.dataSource
      .initialize()
      .catch(async (error: unknown) => {
        // After a failed attempt, TypeORM leaves its pool open with a connection checked out.
        await this.dataSource.driver.disconnect().catch(() => undefined);
        throw error;
      })
      .finally(() => {
        this.connecting = undefined;
      });
    return this.connecting;
  }
}

/** Closes a failed connection. Otherwise the pool could lend it again, and the next caller would wait for a timeout. */
async function discardConnection(runner: QueryRunner): Promise<void> {
  const client = (await runner.connect().catch(() => undefined)) as { end(): Promise<void> } | undefined;
  client?.end().catch(() => undefined);
}

interface Pool {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
}

function poolOf(dataSource: DataSource): Pool | undefined {
  return (dataSource.driver as unknown as { master?: Pool }).master;
}
