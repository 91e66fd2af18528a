import { DataSource, type DataSourceOptions } from 'typeorm';
import { SecondConnectionDetector } from './second-connection-detector.js';
import { LazyDriver } from './lazy-driver.js';
import type { LazyQueryRunner } from './lazy-query-runner.js';

export type LazyDataSourceOptions = Extract<DataSourceOptions, { type: 'postgres' }> & {
  /** Whether code that asks for a second connection while it has one gets an error. */
  readonly rejectSecondConnection?: boolean;
};

/**
 * A data source that connects on its first query. `initialize` only reads the entities, and throws if one is invalid.
 */
export class LazyDataSource extends DataSource {
  declare readonly driver: LazyDriver;
  private readonly detector: SecondConnectionDetector | undefined;

  constructor(options: LazyDataSourceOptions) {
    super(options);
    this.detector = options.rejectSecondConnection ? new SecondConnectionDetector() : undefined;
    this.driver = new LazyDriver(this, this.detector);
    if (this.detector) this.isolateTransactions(this.detector);
  }

  override async destroy(): Promise<void> {
    await super.destroy();
    this.detector?.dispose();
  }

  override createQueryRunner(): LazyQueryRunner {
    return super.createQueryRunner() as LazyQueryRunner;
  }

  /** Lets a function start several transactions concurrently, because each one releases its connection by itself. */
  private isolateTransactions(detector: SecondConnectionDetector): void {
    const { manager } = this;
    const transaction = manager.transaction.bind(manager) as (...options: unknown[]) => unknown;
    Object.assign(manager, { transaction: (...options: unknown[]) => detector.isolate(() => transaction(...options)) });
  }
}
