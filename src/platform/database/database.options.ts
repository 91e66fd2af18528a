import type { EventEmitter } from 'node:events';
import type { Config } from '../../config/env.js';
import type { LazyDataSourceOptions } from './lazy-data-source.js';
import { NamingStrategy } from './naming.strategy.js';

/** How much longer the client waits for a statement than the server. It expires only if the server stops responding. */
const CLIENT_MARGIN_MS = 1_000;

/**
 * Returns TypeORM's options for the application and for migrations, without the entities.
 *
 * Every wait has a timeout. `connectTimeoutMS` covers connecting and waiting for a pool connection. The server enforces
 * `statement_timeout` and the timeout for idle transactions. The client enforces `query_timeout`, in case the server
 * stops responding.
 */
export function databaseOptions(config: Config['database']) {
  return {
    type: 'postgres',
    url: config.url,
    applicationName: 'gatehouse',
    namingStrategy: new NamingStrategy(),
    synchronize: false,
    migrationsRun: false,
    // The application's role may not change the schema.
    installExtensions: false,
    // Makes TypeORM generate UUIDs with `gen_random_uuid()`, which needs no extension since PostgreSQL 13.
    uuidExtension: 'pgcrypto',
    migrationsTableName: 'migrations',
    poolSize: config.poolMax,
    connectTimeoutMS: config.connectTimeout,
    extra: {
      statement_timeout: config.statementTimeout,
      query_timeout: config.statementTimeout + CLIENT_MARGIN_MS,
      idle_in_transaction_session_timeout: config.statementTimeout + CLIENT_MARGIN_MS,
      keepAlive: true,
      onConnect: ignoreErrors,
    },
  } satisfies LazyDataSourceOptions;
}

/**
 * Prevents a crash. If the server closes a connection while the pool hands it over, neither the pool nor TypeORM
 * listens for its `error` event. The next statement fails, and its caller handles that.
 */
function ignoreErrors(connection: EventEmitter): void {
  connection.on('error', () => undefined);
}
