import type { EntityManager } from '../../platform/database/database.js';

/** What the database says about itself and the role of the application. */
export interface DatabaseFacts {
  /** Such as `180001` for 18.1. */
  readonly version: number;
  readonly database: string;
  readonly role: string;
  /** Null if no schema of the search path exists. */
  readonly schema: string | null;
  readonly isReadOnly: boolean;
  readonly isSuperuser: boolean;
  readonly mayCreateTables: boolean;
  /** Whether upper and lower case of letters beyond ASCII match. */
  readonly foldsCase: boolean;
  /** How many connections the role may open, including those of others. */
  readonly maxConnections: number;
  readonly statementTimeoutMs: number;
  /** How far the clock of the database is ahead of ours. */
  readonly clockAheadMs: number;
  readonly roundTripMs: number;
  /** Whether a pooler is between this process and PostgreSQL. */
  readonly isPooled: boolean;
  readonly isEncrypted: boolean;
  /** Whether the certificate of the server was verified. */
  readonly isVerified: boolean;
  /** Whether the connection leaves this machine. */
  readonly isRemote: boolean;
}

/** The parts of `pg`'s client that tell how it is connected. */
interface Connected {
  readonly processID?: number;
  readonly connection: {
    readonly stream: { readonly encrypted?: boolean; readonly authorized?: boolean; readonly remoteAddress?: string };
  };
}

type Row = Pick<
  DatabaseFacts,
  | 'version'
  | 'database'
  | 'role'
  | 'schema'
  | 'isReadOnly'
  | 'isSuperuser'
  | 'mayCreateTables'
  | 'foldsCase'
  | 'maxConnections'
  | 'statementTimeoutMs'
> & { readonly pid: number; readonly nowMs: number };

const FACTS = `
  SELECT current_setting('server_version_num')::int AS version,
         current_database() AS database, current_user AS role, current_schema() AS schema,
         current_setting('transaction_read_only') = 'on' AS "isReadOnly",
         rolsuper AS "isSuperuser",
         coalesce(has_schema_privilege(current_schema(), 'CREATE'), false) AS "mayCreateTables",
         lower('Ä') = 'ä' AS "foldsCase",
         least(
           current_setting('max_connections')::int
             - CASE WHEN rolsuper THEN 0 ELSE current_setting('superuser_reserved_connections')::int
                 + coalesce(current_setting('reserved_connections', true)::int, 0) END,
           nullif(rolconnlimit, -1), nullif(datconnlimit, -1)
         ) AS "maxConnections",
         (SELECT setting::int FROM pg_settings WHERE name = 'statement_timeout') AS "statementTimeoutMs",
         pg_backend_pid() AS pid,
         extract(epoch FROM clock_timestamp())::float8 * 1000 AS "nowMs"
    FROM pg_roles, pg_database WHERE rolname = current_user AND datname = current_database()`;

/** Reads the facts with one statement. */
export async function readDatabaseFacts(manager: EntityManager): Promise<DatabaseFacts> {
  const client = (await manager.queryRunner?.connect()) as Connected;
  const [started, begin] = [Date.now(), performance.now()];
  const [row] = await manager.query<Row[]>(FACTS);
  const roundTripMs = performance.now() - begin;
  if (!row) throw new Error('The database returned no facts.');
  const { pid, nowMs, ...facts } = row;
  const { encrypted = false, authorized = false, remoteAddress = '' } = client.connection.stream;
  return {
    ...facts,
    clockAheadMs: nowMs - (started + roundTripMs / 2),
    roundTripMs,
    isPooled: client.processID !== pid,
    isEncrypted: encrypted,
    isVerified: authorized,
    isRemote: !/^(?:$|::1$|(?:::ffff:)?127\.)/.test(remoteAddress),
  };
}

/** Returns those of the tables on which the role lacks a right that the application needs. */
export async function tablesWithoutRights(manager: EntityManager): Promise<string[]> {
  const tables = manager.dataSource.entityMetadatas.map(({ tableName }) => tableName);
  const rows = await manager.query<{ name: string }[]>(
    `SELECT name FROM unnest($1::text[]) AS name, to_regclass(quote_ident(name)) AS id
      WHERE id IS NOT NULL AND NOT (
        has_table_privilege(id, 'SELECT')
        AND (name = 'migrations' OR has_table_privilege(id, 'INSERT'))
        AND (name IN ('migrations', 'audit_events')
             OR has_table_privilege(id, 'UPDATE') AND has_table_privilege(id, 'DELETE')))
      ORDER BY name`,
    [[...tables, 'migrations']],
  );
  return rows.map(({ name }) => name);
}
