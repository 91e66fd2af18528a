import type { Config } from '../../config/env.js';
import type { LazyDataSourceOptions } from './lazy-data-source.js';
import { NamingStrategy } from './naming.strategy.js';
import { PrimaryClient, type PrimaryClientConfig } from './primary-client.js';
import { ServerList } from './server-list.js';

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
      Client: PrimaryClient,
      servers: new ServerList(config.servers),
      keepAlive: true,
      query_timeout: config.queryTimeout,
      statement_timeout: config.statementTimeout,
      idle_in_transaction_session_timeout: config.statementTimeout && config.queryTimeout,
    },
  } satisfies LazyDataSourceOptions;
}

/** Returns the options for a migration, which may take longer than a request. */
export function migrationOptions(config: Config['database']) {
  return databaseOptions({ ...config, statementTimeout: 0, queryTimeout: 0 });
}

/** Connects without a pool and without a statement timeout, for scripts. */
export async function connectDatabase({ url, servers, connectTimeout }: Config['database']): Promise<PrimaryClient> {
  const config: PrimaryClientConfig = {
    connectionString: url,
    servers: new ServerList(servers),
    connectionTimeoutMillis: connectTimeout,
  };
  return new PrimaryClient(config).connect();
}
