import { Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { DataSource, type EntityManager, type QueryRunner } from 'typeorm';
import { DatabaseUnavailableError, isUnavailable } from './pg-errors.js';

export type { EntityManager } from 'typeorm';

/** How many connections the pool has, how many of them are free, and how many callers wait for one. */
export interface PoolState {
  readonly total: number;
  readonly idle: number;
  readonly waiting: number;
}

/**
 * The only way to the database. It opens nothing until it is asked: the first call makes the first connection,
 * and calls that arrive meanwhile share the attempt. A failure is not remembered, so the next call tries again.
 *
 * Whatever is called inside `fn` must not call `run` or `transaction` again: nobody holds two connections,
 * so a full pool always empties.
 */
@Injectable()
export class Database implements OnApplicationShutdown {
  private readonly logger = new Logger(Database.name);
  private connecting: Promise<unknown> | undefined;
  private closed = false;
  /** Whether the last call was served: an outage is told when it begins, and not by everyone who meets it. */
  private isServed = true;
  private readonly onCommit = new WeakMap<EntityManager, (() => void)[]>();

  constructor(private readonly dataSource: DataSource) {}

  /**
   * Lends an `EntityManager` whose statements each stand for themselves.
   *
   * @throws DatabaseUnavailableError if the database cannot be reached, or is lost on the way
   */
  run<T>(fn: (manager: EntityManager) => Promise<T>): Promise<T> {
    return this.lend((runner) => fn(runner.manager));
  }

  /**
   * Runs one statement and returns its rows, as `pg` does.
   *
   * @throws DatabaseUnavailableError if the database cannot be reached, or is lost on the way
   */
  async query(text: string, values: readonly unknown[]): Promise<{ rows: unknown[] }> {
    return { rows: await this.lend(({ manager }) => manager.query<unknown[]>(text, [...values])) };
  }

  /**
   * Lends an `EntityManager` inside a transaction (read committed): committed when `fn` returns, rolled back
   * when it throws.
   *
   * @throws DatabaseUnavailableError if the database cannot be reached, or is lost on the way
   */
  async transaction<T>(fn: (manager: EntityManager) => Promise<T>): Promise<T> {
    const actions: (() => void)[] = [];
    const result = await this.lend((runner) =>
      runner.manager.transaction((manager) => {
        this.onCommit.set(manager, actions);
        return fn(manager);
      }),
    );
    for (const act of actions) act();
    return result;
  }

  /** Does something once the transaction of this manager has committed and given its connection back; never if it does not. */
  afterCommit(manager: EntityManager, action: () => void): void {
    const actions = this.onCommit.get(manager);
    if (!actions) throw new Error('There is no transaction to wait for.');
    actions.push(action);
  }

  /** The state of the pool; all zero before the first use. */
  pool(): PoolState {
    const pool = poolOf(this.dataSource);
    return { total: pool?.totalCount ?? 0, idle: pool?.idleCount ?? 0, waiting: pool?.waitingCount ?? 0 };
  }

  /** Closes the pool, last of all: whoever flushes a buffer at shutdown still finds it open. */
  async onApplicationShutdown(): Promise<void> {
    this.closed = true;
    await this.connecting?.catch(() => undefined);
    if (this.dataSource.isInitialized) await this.dataSource.destroy();
  }

  private async lend<T>(use: (runner: QueryRunner) => Promise<T>): Promise<T> {
    this.assertOpen();
    let runner: QueryRunner | undefined;
    try {
      if (!this.dataSource.isInitialized) await this.connect();
      // A pool that is ending forgets whoever asks it now.
      this.assertOpen();
      runner = this.dataSource.createQueryRunner();
      const result = await use(runner);
      this.isServed = true;
      return result;
    } catch (error) {
      if (!isUnavailable(error)) throw error;
      const message = `Database unavailable: ${error.message}`;
      if (this.isServed) this.logger.warn(message);
      else this.logger.debug(message);
      this.isServed = false;
      if (runner) await discardConnection(runner);
      throw new DatabaseUnavailableError({ cause: error });
    } finally {
      await runner?.release();
    }
  }

  private assertOpen(): void {
    if (this.closed) throw new DatabaseUnavailableError();
  }

  private connect(): Promise<unknown> {
    this.connecting ??= this.dataSource
      .initialize()
      .catch(async (error: unknown) => {
        // When the first connection fails half-way, TypeORM leaves its pool behind, with that connection still lent.
        await this.dataSource.driver.disconnect().catch(() => undefined);
        throw error;
      })
      .finally(() => {
        this.connecting = undefined;
      });
    return this.connecting;
  }
}

/**
 * Keeps a connection that failed out of the pool. One that went silent would look idle there, and make the
 * next caller wait for an answer that nobody will read.
 */
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
