import { DataSource, type DataSourceOptions } from 'typeorm';
import { LazyDriver } from './lazy-driver.js';
import type { LazyQueryRunner } from './lazy-query-runner.js';

export type LazyDataSourceOptions = Extract<DataSourceOptions, { type: 'postgres' }>;

/**
 * A data source that connects on its first query. `initialize` reads the entities, throws if one is invalid, and needs
 * no server.
 */
export class LazyDataSource extends DataSource {
  declare readonly driver: LazyDriver;

  constructor(options: LazyDataSourceOptions) {
    super(options);
    this.driver = new LazyDriver(this);
  }

  override createQueryRunner(): LazyQueryRunner {
    return super.createQueryRunner() as LazyQueryRunner;
  }
}
