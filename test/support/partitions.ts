import { readFile } from 'node:fs/promises';

interface Queryable {
  query(sql: string): Promise<unknown>;
}

/** Splits `sessions` into 16 partitions, as docs/scaling.md says. */
export async function partitionSessions(database: Queryable): Promise<void> {
  // Each statement by itself, because `ANALYZE` of partitions needs the committed table.
  await database.query(await readFile('docs/scaling/partition-sessions.sql', 'utf8'));
}

/**
 * Replaces some of the 16 partitions by foreign tables on another server, with its rows. `sessions` then has no foreign
 * key, primary key or index of its own, because PostgreSQL supports none of them with foreign partitions.
 *
 * @param remote the database on the other server. It gets the tables
 */
export async function moveToServer(
  database: Queryable,
  remote: Queryable & { readonly url: string },
  server: string,
  partitions: readonly number[],
): Promise<void> {
  const { hostname, port, pathname, username, password } = new URL(remote.url);
  await remote.query('ALTER TABLE sessions RENAME TO sessions_template');
  await database.query(`
    CREATE EXTENSION IF NOT EXISTS postgres_fdw;
    CREATE SERVER ${server} FOREIGN DATA WRAPPER postgres_fdw
      OPTIONS (host '${hostname}', port '${port}', dbname '${pathname.slice(1)}');
    CREATE USER MAPPING FOR CURRENT_USER SERVER ${server} OPTIONS (user '${username}', password '${password}');
    ALTER TABLE sessions DROP CONSTRAINT IF EXISTS fk_sessions_user_id, DROP CONSTRAINT IF EXISTS pk_sessions;
    DROP INDEX IF EXISTS ix_sessions_id, ix_sessions_ip_address`);
  for (const partition of partitions) {
    const name = `sessions_${partition}`;
    await remote.query(
      `CREATE TABLE ${name} (LIKE sessions_template INCLUDING DEFAULTS INCLUDING CONSTRAINTS, PRIMARY KEY (user_id, id))
         WITH (fillfactor = 85);
       CREATE INDEX ON ${name} (id)`,
    );
    await database.query(
      `DROP TABLE ${name};
       CREATE FOREIGN TABLE ${name} PARTITION OF sessions FOR VALUES WITH (MODULUS 16, REMAINDER ${partition})
         SERVER ${server}`,
    );
  }
}
