import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { EntityManager } from 'typeorm';
import { GAUGES, type GaugeValue, type HasGauges } from '../../common/gauges.js';
import type { Client } from '../../common/client.js';
import { LazyDataSource } from './lazy-data-source.js';
import type { LazyQueryRunner } from './lazy-query-runner.js';
import { TransactionConflictError } from './pg-errors.js';

export type { EntityManager } from 'typeorm';

/** How many times a transaction runs if concurrent ones abort it. */
const MAX_ATTEMPTS = 3;
/** The longest random wait before a retry. Without it, the same two transactions would meet again. */
const MAX_RETRY_WAIT_MS = 50;

/** A client that waits for a result. */
type Waiting = Pick<Client, 'response'>;

/** The connections of the pool. */
export interface PoolState {
  readonly total: number;
  readonly idle: number;
  /** How many callers wait for a connection. */
  readonly waiting: number;
}

/**
 * Runs several queries on one connection or in one transaction.
 *
 * Inside `fn`, do not call `run` or `transaction`, and do not use injected repositories. They take a second connection,
 * which could deadlock the pool.
 */
@Injectable()
export class Database implements HasGauges {
  private readonly commitActions = new WeakMap<EntityManager, (() => void)[]>();

  constructor(@InjectDataSource() private readonly dataSource: LazyDataSource) {}

  /**
   * Calls `fn` with a connection. Each statement commits by itself.
   *
   * @param waiting the client that waits for the result, if any
   * @throws DatabaseUnavailableError if the connection fails or a timeout expires
   * @throws RequestTimeoutError if the client no longer waits when a connection is free
   */
  run<T>(fn: (manager: EntityManager) => Promise<T>, waiting?: Waiting): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    runner.response = waiting?.response;
    return runWith(runner, fn);
  }

  /**
   * Calls `fn` with one of the connections that are reserved for session lookups, so that it does not wait for other
   * work.
   *
   * @throws DatabaseUnavailableError if the connection fails or a timeout expires
   */
  runReserved<T>(fn: (manager: EntityManager) => Promise<T>): Promise<T> {
    const runner = this.dataSource.createQueryRunner();
    runner.isReserved = true;
    return runWith(runner, fn);
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
   * @param waiting the client that waits for the result, if any
   * @throws DatabaseUnavailableError if the connection fails or a timeout expires
   * @throws RequestTimeoutError if the client no longer waits when a connection is free
   * @throws TransactionConflictError after a deadlock or a serialization failure
   */
  async transaction<T>(fn: (manager: EntityManager) => Promise<T>, waiting?: Waiting): Promise<T> {
    const actions: (() => void)[] = [];
    const begin = (connection: EntityManager) =>
      connection.transaction((manager) => {
        this.commitActions.set(manager, actions);
        return fn(manager);
      });
    const result = await this.run(begin, waiting);
    for (const action of actions) action();
    return result;
  }

  /**
   * Calls `fn` in a transaction, as `transaction` does. Retries after a deadlock or a serialization failure, up to
   * three attempts, so `fn` must change nothing outside the database, except with `afterCommit`.
   */
  async transactionWithRetry<T>(fn: (manager: EntityManager) => Promise<T>, waiting?: Waiting): Promise<T> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await this.transaction(fn, waiting);
      } catch (error) {
        if (!(error instanceof TransactionConflictError) || attempt === MAX_ATTEMPTS) throw error;
        await sleep(Math.random() * MAX_RETRY_WAIT_MS);
      }
    }
  }

  /** Calls `action` after the transaction has committed and released its connection. Drops it after a rollback. */
  afterCommit(manager: EntityManager, action: () => void): void {
    const actions = this.commitActions.get(manager);
    if (!actions) throw new Error('afterCommit needs the EntityManager of a transaction.');
    actions.push(action);
  }

  [GAUGES](): GaugeValue[] {
    const { total, idle, waiting } = this.pool();
    const name = 'db_client_connection_count';
    const help = 'Connections of the pool, by state.';
    return [
      { name, help, labels: { db_client_connection_state: 'idle' }, value: idle },
      { name, help, labels: { db_client_connection_state: 'used' }, value: total - idle },
      {
        name: 'db_client_connection_max',
        help: 'Maximum number of connections.',
        value: Number(this.dataSource.options.poolSize),
      },
      {
        name: 'db_client_connection_pending_requests',
        help: 'Callers that wait for a connection.',
        value: waiting,
      },
    ];
  }

  /** Returns the state of the pool. All numbers are 0 before the first query. */
  pool(): PoolState {
    const { master: pool, slots } = this.dataSource.driver;
    const waiting = slots.waiting + (pool?.waitingCount ?? 0);
    return { total: pool?.totalCount ?? 0, idle: pool?.idleCount ?? 0, waiting };
  }

  /** Whether so many callers wait for a connection that clients with many connections must not add more. */
  get isCrowded(): boolean {
    return this.dataSource.driver.slots.isCrowded;
  }

  /** Whether so many callers wait for a connection that unauthenticated requests are rejected. */
  get isBusy(): boolean {
    return this.dataSource.driver.slots.isBusy;
  }
}

async function runWith<T>(runner: LazyQueryRunner, fn: (manager: EntityManager) => Promise<T>): Promise<T> {
  try {
    return await runner.during(() => fn(runner.manager));
  } finally {
    await runner.release();
  }
}
