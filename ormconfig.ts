import { DataSource } from 'typeorm';
import { entities } from './src/app.entities.js';
import { readConfig } from './src/config/env.js';
import { databaseOptions } from './src/platform/database/database.options.js';

const { database } = readConfig();

/** The `DataSource` of TypeORM's migration commands: the options of the application and the migrations. */
export default new DataSource({
  ...databaseOptions(database, entities),
  migrations: [`${import.meta.dirname}/migrations/*.js`],
  // Each migration runs in its own transaction.
  migrationsTransactionMode: 'each',
  // Removes the timeouts, because a migration may take longer than a request.
  extra: {},
});
