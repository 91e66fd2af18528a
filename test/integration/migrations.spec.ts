import { readdir } from 'node:fs/promises';
import { DataSource, type MigrationInterface } from 'typeorm';
import { runNode } from '../support/run-node.js';
import { describeSchema } from '../support/schema.js';
import { TestApp } from '../support/test-app.js';
import { TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

/** Runs one command of TypeORM’s, as `npm run` does. */
const command = async (database: TestDatabase, ...args: string[]) => {
  const env = { DATABASE_URL: database.url };
  const { code, stdout, stderr } = await runNode('scripts/typeorm.js', args, { env });
  return { code, output: stdout + stderr };
};

const recorded = async (database: TestDatabase) =>
  (await database.query<{ name: string }>('SELECT name FROM migrations ORDER BY id')).map(({ name }) => name);

/** How many connections wait for a lock. A transaction sees the same activity again unless it asks anew. */
async function waiting(database: TestDatabase): Promise<number> {
  await database.query('SELECT pg_stat_clear_snapshot()');
  const rows = await database.query(
    `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`,
  );
  return rows.length;
}

/** The names that TypeORM records, oldest first: `1795418900000-CreateUsers.ts` is `CreateUsers1795418900000`. */
async function migrationNames(): Promise<string[]> {
  const files = await readdir('migrations');
  return files.sort().map((file) => file.replace(/^(\d+)-(\w+)\.ts$/, '$2$1'));
}

const hasRun = async (dataSource: DataSource) => (await dataSource.query('SELECT FROM migrations')).length > 0;

/** Takes back all migrations that have run, the last one first, in one process. */
async function revertAll({ url }: TestDatabase): Promise<void> {
  const modules = await Promise.all(
    (await readdir('migrations')).map(
      async (file) => (await import(`../../migrations/${file}`)) as Record<string, new () => MigrationInterface>,
    ),
  );
  const migrations = modules.flatMap((module) => Object.values(module));
  const dataSource = await new DataSource({ type: 'postgres', url, migrations }).initialize();
  try {
    while (await hasRun(dataSource)) await dataSource.undoLastMigration({ transaction: 'each' });
  } finally {
    await dataSource.destroy();
  }
}

describe('migrations', () => {
  let names: string[];
  const databases: TestDatabase[] = [];
  const create = async (options?: { empty: boolean }) => {
    const database = await TestDatabase.create(options);
    databases.push(database);
    return database;
  };

  beforeAll(async () => (names = await migrationNames()));
  afterEach(async () => {
    for (const database of databases.splice(0)) await database.drop();
  });

  it('go all up, all down and all up again', async () => {
    const database = await create();
    const before = await describeSchema(database);
    expect(await recorded(database)).toEqual(names);

    const { code: reverted, output } = await command(database, 'migration:revert');
    expect([reverted, output]).toEqual([0, expect.stringContaining(names.at(-1) ?? '')]);
    expect(await recorded(database)).toEqual(names.slice(0, -1));
    await revertAll(database);
    expect(await describeSchema(database)).toEqual([]);
    expect(await recorded(database)).toEqual([]);

    const { code } = await command(database, 'migration:run');
    expect(code).toBe(0);
    expect(await recorded(database)).toEqual(names);
    expect(await describeSchema(database)).toEqual(before);
  });

  it('are listed, with those that have run marked', async () => {
    const database = await create();
    await database.query('DELETE FROM migrations WHERE name = $1', [names.at(-1)]);
    const { code, output } = await command(database, 'migration:show');
    expect(code).toBe(0);
    for (const name of names) expect(output).toContain(`[${name === names.at(-1) ? ' ' : 'X'}]`);
    for (const name of names) expect(output).toMatch(new RegExp(`\\[[X ]\\].*${name}`));
  });

  it('make the schema that the entities describe', async () => {
    const { code, output } = await command(await create(), 'migration:generate');
    expect([code, output]).toEqual([0, expect.stringContaining('No changes in database schema were found')]);
  });

  it('and entities that differ are noticed', async () => {
    const database = await create();
    await database.query('ALTER TABLE users ADD COLUMN x int');
    const { code, output } = await command(database, 'migration:generate');
    expect(code).not.toBe(0);
    expect(output).toContain('"x"');
  });

  it.each([
    ['nothing but whether there is any', []],
    ['one', ['Repeated']],
  ])('are not generated while others are pending: %s', async (_, name) => {
    const { code, output } = await command(await create({ empty: true }), 'migration:generate', ...name);
    expect([code, output]).toEqual([1, 'Some migrations have not run yet. Run them first: npm run migration:run\n']);
    expect(await migrationNames()).toEqual(names);
  });

  it('run once, although two instances start them at once on an empty database', async () => {
    const database = await create({ empty: true });
    // Holds whoever comes first in the middle of the first migration, until the other one has come too.
    await database.query('BEGIN');
    await database.query('CREATE TABLE users ()');
    const instances = Promise.all([command(database, 'migration:run'), command(database, 'migration:run')]);
    try {
      await until('both wait', async () => (await waiting(database)) === 2, 60_000);
    } finally {
      await database.query('ROLLBACK');
      await instances;
    }
    expect((await instances).map(({ code }) => code)).toEqual([0, 0]);
    expect(await recorded(database)).toEqual(names);
  });

  it('that fail leave nothing behind, and say so with their exit code', async () => {
    const database = await create({ empty: true });
    // The second migration will find its table there already.
    await database.query('CREATE TABLE sessions ()');
    const { code } = await command(database, 'migration:run');
    expect(code).not.toBe(0);
    expect(await recorded(database)).toEqual(names.slice(0, 1));
    const columns = await database.query(`SELECT 1 FROM information_schema.columns WHERE table_name = 'sessions'`);
    expect(columns).toEqual([]);
  });

  it('name every constraint and index in one way, within PostgreSQL’s 63 bytes', async () => {
    const database = await create();
    // `NOT NULL` is a property of the column, although PostgreSQL 18 gives it a name.
    const rows = await database.query<{ name: string; kind: string; table: string }>(`
      SELECT conname AS name, contype::text AS kind, conrelid::regclass::text AS table FROM pg_constraint
       WHERE connamespace = 'public'::regnamespace AND contype <> 'n'
      UNION ALL
      SELECT i.relname, CASE WHEN x.indisunique THEN 'u' ELSE 'i' END, x.indrelid::regclass::text
        FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
       WHERE i.relnamespace = 'public'::regnamespace AND NOT x.indisprimary`);
    const prefixes: Record<string, string> = { p: 'pk', f: 'fk', u: 'uq', c: 'ck', i: 'ix' };
    expect(rows.length).toBeGreaterThan(10);
    for (const { name, kind, table } of rows) {
      expect(name).toMatch(new RegExp(`^${prefixes[kind]}_${table}(_[a-z0-9_]+)?$`));
      expect(Buffer.byteLength(name)).toBeLessThanOrEqual(63);
    }
  });

  it('create an index for every foreign key', async () => {
    const database = await create();
    const keys = await database.query<{ name: string; indexed: boolean }>(`
      SELECT conname AS name, EXISTS (
               SELECT FROM pg_index WHERE indrelid = key.conrelid
                  AND (string_to_array(indkey::text, ' ')::int2[])[1:cardinality(key.conkey)] = key.conkey) AS indexed
        FROM pg_constraint AS key WHERE contype = 'f'`);
    expect(keys.length).toBeGreaterThan(1);
    expect(keys.filter(({ indexed }) => !indexed)).toEqual([]);
  });

  describe('seen from /health/ready', () => {
    let app: TestApp | undefined;
    afterEach(() => app?.close());

    it.each([
      ['a database that was never migrated', 0],
      ['a database with only the first', 1],
      ['a migrated database', Infinity],
    ])('are named as pending on %s', async (_, run) => {
      const database = await create(run === 0 ? { empty: true } : undefined);
      if (run > 0) await database.query('DELETE FROM migrations WHERE name <> ALL ($1)', [names.slice(0, run)]);
      app = await TestApp.start({ database });
      const { status, body } = await app.request.get('/health/ready');
      const pending = names.slice(run);
      expect(body.checks.migrations).toEqual({ pending });
      expect(body.checks.database.status).toBe('ok');
      expect([status, body.status]).toEqual(pending.length > 0 ? [503, 'error'] : [200, 'ok']);
    });
  });
});
