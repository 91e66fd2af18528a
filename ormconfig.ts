import { DataSource } from 'typeorm';
import { entities } from './src/app.entities.js';
import { readConfig } from './src/config/env.js';
import { databaseOptions } from './src/platform/database/database.options.js';

const { database } = readConfig();

/** The migration command line's `DataSource`: the application's own options, and where the migrations are. */
export default new DataSource({
  ...databaseOptions(database, entities),
  migrations: [`${import.meta.dirname}/migrations/*.js`],
  // Each migration is one transaction: it happens whole or not at all.
  migrationsTransactionMode: 'each',
  // A migration may take longer than a request's statement; the advisory lock and the operator bound it.
  extra: {},
});
