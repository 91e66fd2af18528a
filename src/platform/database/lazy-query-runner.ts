import type { PoolClient, QueryArrayConfig } from 'pg';
import { QueryRunnerAlreadyReleasedError } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import { PostgresQueryRunner } from 'typeorm/driver/postgres/PostgresQueryRunner.js';
import type { PendingResponse } from '../../common/client.js';
import { SlotTimeoutError } from '../../common/slots.js';
import type { ConnectionSlots } from './connection-slots.js';
import type { SecondConnectionDetector } from './second-connection-detector.js';
import type { OutageLog } from './outage-log.js';
import { DatabaseUnavailableError, isConflict, isUnavailable, TransactionConflictError } from './pg-errors.js';
import type { PreparedStatements } from './prepared-statements.js';
import { readOnlyError } from './read-only-server.js';
import { ROW_TYPES } from './row-types.js';
import { withComment } from './sql-comments.js';
import type { StatementMeter } from './statement-meter.js';

export interface Statement {
  /** Unique per text. Each connection parses and plans a named statement only once. */
  readonly name?: string | undefined;
  readonly text: string;
  /** Serves several requests, so it gets no comment with the trace of one. Neither do named statements. */
  readonly isShared?: boolean;
}

/** What the query runners of a driver share. */
export interface RunnerParts {
  readonly slots: ConnectionSlots;
  readonly outages: OutageLog;
  readonly prepared: PreparedStatements;
  readonly detector: SecondConnectionDetector | undefined;
  readonly meter: StatementMeter;
}

/**
 * TypeORM's query runner, except that an outage throws `DatabaseUnavailableError` and removes the connection from the
 * pool. Otherwise the pool could lend the connection again, and the next caller would wait for a timeout.
 */
export class LazyQueryRunner extends PostgresQueryRunner {
  /** Whether it may use the connections that are reserved for session lookups. */
  isReserved = false;
  /** The response that needs the connection. If the client no longer waits for it, no connection is obtained. */
  response: PendingResponse | undefined;
  private connecting: Promise<PoolClient> | undefined;
  private failure: Error | undefined;
  /** Why the connection must leave the pool after its release, although it works. */
  private outdated: Error | undefined;

  constructor(
    driver: PostgresDriver,
    private readonly parts: RunnerParts,
  ) {
    super(driver, 'master');
  }

  get holdsConnection(): boolean {
    return this.releaseCallback !== undefined;
  }

  override connect(): Promise<PoolClient> {
    return (this.connecting ??= this.parts.meter.measureWait(() => this.obtainConnection()));
  }

  /** Calls `fn`, which must use no other connection. */
  during<T>(fn: () => T): T {
    return this.parts.detector ? this.parts.detector.during(this, fn) : fn();
  }

  override async startTransaction(...options: Parameters<PostgresQueryRunner['startTransaction']>): Promise<void> {
    this.parts.detector?.enter(this);
    await super.startTransaction(...options);
  }

  override query(...query: Parameters<PostgresQueryRunner['query']>): ReturnType<PostgresQueryRunner['query']> {
    const [text, ...rest] = query;
    return this.convertOutage({ text }, () => super.query(withComment(text), ...rest));
  }

  /**
   * Runs a statement with `pg` and returns each row as an array. Outside a transaction, retries it once without a name if
   * a migration has made its plan outdated. Inside one it has no name, because a failed transaction cannot continue.
   */
  queryRows({ name, text, isShared }: Statement, values: unknown[]): Promise<unknown[][]> {
    return this.convertOutage({ name, text }, async () => {
      const connection = await this.connect();
      const isCommented = !name && !isShared;
      const mayPrepare = !this.isTransactionActive && this.parts.prepared.areUsable;
      const query = {
        name: mayPrepare ? name : undefined,
        text: isCommented ? withComment(text) : text,
        values,
        rowMode: 'array',
        types: ROW_TYPES,
      } as QueryArrayConfig;
      try {
        return (await connection.query<unknown[]>(query)).rows;
      } catch (error) {
        if (this.isTransactionActive || !this.parts.prepared.isRetryable(error)) throw readOnlyError(error, text);
        this.outdated = error;
        return (await connection.query<unknown[]>({ ...query, name: undefined })).rows;
      }
    });
  }

  private async obtainConnection(): Promise<PoolClient> {
    if (this.isReserved) return this.lend(() => undefined);
    this.parts.detector?.assertNone();
    await this.takeSlot();
    const giveBack = () => this.parts.slots.release();
    try {
      return await this.lend(giveBack);
    } catch (error) {
      giveBack();
      throw error;
    }
  }

  private async takeSlot(): Promise<void> {
    try {
      await this.parts.slots.acquire(this.response);
    } catch (error) {
      throw error instanceof SlotTimeoutError ? this.parts.outages.recordFailure(error) : error;
    }
  }

  /** Takes a connection from the pool. Calls `onRelease` when it has returned. */
  private async lend(onRelease: () => void): Promise<PoolClient> {
    const [connection, release] = (await this.driver.obtainMasterConnection()) as [PoolClient, PoolClient['release']];
    if (this.isReleased) {
      release();
      throw new QueryRunnerAlreadyReleasedError();
    }
    const onError = (error: Error) => this.discard(error);
    connection.on('error', onError);
    this.releaseCallback = (error?: Error) => {
      connection.removeListener('error', onError);
      release(error ?? this.outdated);
      onRelease();
    };
    this.databaseConnection = connection;
    this.driver.connectedQueryRunners.push(this);
    return connection;
  }

  /** Removes the connection from the pool. Later statements throw `DatabaseUnavailableError`. */
  discard(failure: Error): void {
    this.failure = failure;
    this.releaseCallback?.(failure);
    delete this.releaseCallback;
  }

  private async convertOutage<T>(statement: Statement, run: () => Promise<T>): Promise<T> {
    if (this.failure) throw new DatabaseUnavailableError({ cause: this.failure });
    try {
      const result = await this.parts.meter.measure(statement, () => this.connect(), run);
      this.parts.outages.recordSuccess();
      return result;
    } catch (error) {
      if (isConflict(error)) throw new TransactionConflictError(error);
      if (!isUnavailable(error)) throw error;
      this.discard(error);
      throw this.parts.outages.recordFailure(error);
    }
  }
}
