import type { EventEmitter } from 'node:events';
import type { DataSourceOptions } from 'typeorm';
import type { Config } from '../../config/env.js';
import { NamingStrategy } from './naming.strategy.js';

/** How much longer than the server the client waits for a statement: only a server that cannot answer gets that far. */
const CLIENT_MARGIN = 1_000;

/**
 * TypeORM's options, for the application and for its command line alike.
 *
 * Every wait has a bound: to connect and to get a connection from the pool (`connectionTimeoutMillis`), to run
 * a statement (`statement_timeout`, kept by the server), to get its answer (`query_timeout`, kept by the client,
 * for a server that went silent), and to hold a transaction open without a word.
 */
export function databaseOptions(config: Config['database'], entities: readonly (new () => object)[]) {
  return {
    type: 'postgres',
    url: config.url,
    applicationName: 'gatehouse',
    entities: [...entities],
    namingStrategy: new NamingStrategy(),
    synchronize: false,
    migrationsRun: false,
    // The application's role needs no right to change the schema, so none is tried.
    installExtensions: false,
    migrationsTableName: 'migrations',
    poolSize: config.poolMax,
    connectTimeoutMS: config.connectTimeout,
    extra: {
      statement_timeout: config.statementTimeout,
      query_timeout: config.statementTimeout + CLIENT_MARGIN,
      idle_in_transaction_session_timeout: config.statementTimeout + CLIENT_MARGIN,
      keepAlive: true,
      onConnect: outlive,
    },
  } satisfies DataSourceOptions;
}

/**
 * The server may end a connection in the instant when it is handed over, when neither the pool nor TypeORM
 * listens, and Node ends a process for an `error` event that nobody hears. Whoever uses the connection learns of
 * it from the failed statement.
 */
function outlive(connection: EventEmitter): void {
  connection.on('error', () => undefined);
}
