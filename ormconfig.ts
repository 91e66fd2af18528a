import { readConfig } from './src/config/env.js';
import { migrationOptions } from './src/platform/database/database.options.js';
import { LazyDataSource } from './src/platform/database/lazy-data-source.js';
import { MigrationLogger } from './src/platform/database/migration-logger.js';

const { database } = readConfig();

/** The `DataSource` of TypeORM's migration commands: the options of the application and the migrations. */
export default new LazyDataSource({
  ...migrationOptions(database),
  entities: [`${import.meta.dirname}/src/**/*.entity.{js,ts}`],
  migrations: [`${import.meta.dirname}/migrations/*.js`],
  // Each migration runs in its own transaction.
  migrationsTransactionMode: 'each',
  logger: new MigrationLogger(),
});
