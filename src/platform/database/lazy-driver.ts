import { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import type { DataSource } from 'typeorm';
import { ConnectionSlots } from './connection-slots.js';
import type { SecondConnectionDetector } from './second-connection-detector.js';
import { LazyQueryRunner, type RunnerParts } from './lazy-query-runner.js';
import { OutageLog } from './outage-log.js';
import { DatabaseUnavailableError } from './pg-errors.js';
import { PreparedStatements } from './prepared-statements.js';
import { SchemaBuilder } from './schema-builder.js';
import { StatementMeter } from './statement-meter.js';

type Connection = ReturnType<PostgresDriver['obtainMasterConnection']>;

/** The part of `pg`'s pool that we read. */
interface Pool {
  readonly totalCount: number;
  readonly idleCount: number;
  readonly waitingCount: number;
}

/**
 * TypeORM's driver with two changes: the first query opens the pool, and an outage throws `DatabaseUnavailableError`.
 * Concurrent first queries share one attempt. If it fails, the next query tries again.
 */
export class LazyDriver extends PostgresDriver {
  declare master: Pool | undefined;
  declare connectedQueryRunners: LazyQueryRunner[];
  override isGeneratedColumnsSupported = true;
  readonly slots: ConnectionSlots;
  private readonly outages = new OutageLog();
  private readonly runnerParts: RunnerParts;
  private opening: Promise<void> | undefined;
  private isClosed = false;

  constructor(
    dataSource: DataSource,
    private readonly detector: SecondConnectionDetector | undefined,
  ) {
    super(dataSource);
    const { poolSize = 10, connectTimeoutMS = 5_000 } = this.options;
    this.slots = new ConnectionSlots(poolSize, connectTimeoutMS);
    this.runnerParts = {
      slots: this.slots,
      outages: this.outages,
      prepared: new PreparedStatements(),
      detector,
      meter: new StatementMeter(dataSource),
    };
  }

  /** Does not open a connection, because the first query does. */
  override connect(): Promise<void> {
    this.isClosed = false;
    return Promise.resolve();
  }

  /** Does nothing, because migrations install extensions. */
  override afterConnect(): Promise<void> {
    return Promise.resolve();
  }

  override createSchemaBuilder(): SchemaBuilder {
    return new SchemaBuilder(this.dataSource);
  }

  override createQueryRunner(): LazyQueryRunner {
    return new LazyQueryRunner(this, this.runnerParts);
  }

  /** @throws DatabaseUnavailableError if the connection fails or a timeout expires */
  override async obtainMasterConnection(): Connection {
    this.detector?.assertNone();
    try {
      if (!this.master) await (this.opening ??= this.open());
      // The pool may have been closed in the meantime. A closing pool never returns a connection.
      if (this.isClosed) throw new DatabaseUnavailableError();
      return await super.obtainMasterConnection();
    } catch (error) {
      // Every failure to connect is an outage: network, DNS, TLS, credentials, or a missing database.
      if (error instanceof DatabaseUnavailableError) throw error;
      throw this.outages.recordFailure(error instanceof Error ? error : new Error(String(error)));
    }
  }

  /** Closes the pool. Later queries are rejected. */
  override async disconnect(): Promise<void> {
    this.isClosed = true;
    this.outages.close();
    await this.opening?.catch(() => undefined);
    const closed = new Error('The pool is closed.');
    for (const runner of this.connectedQueryRunners.splice(0)) runner.discard(closed);
    if (this.master) await super.disconnect();
  }

  /** Connects another TypeORM driver and takes over its pool, so that no query uses the pool before it is ready. */
  private async open(): Promise<void> {
    try {
      if (this.isClosed) throw new DatabaseUnavailableError();
      const driver = new PostgresDriver(this.dataSource);
      try {
        await driver.connect();
      } catch (error) {
        // After a failed attempt, TypeORM may leave its pool open with a connection checked out.
        await driver.disconnect().catch(() => undefined);
        throw error;
      }
      const { version, database, schema, searchSchema } = driver;
      Object.assign(this, { version, database, schema, searchSchema });
      this.master = driver.master as Pool;
    } finally {
      this.opening = undefined;
    }
  }
}
