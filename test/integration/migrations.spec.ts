import { readdir } from 'node:fs/promises';
import { DataSource, type MigrationInterface } from 'typeorm';
import { parseEnvironment } from '../../src/config/env.js';
import { databaseOptions } from '../../src/platform/database/database.options.js';
import { LazyDataSource } from '../../src/platform/database/lazy-data-source.js';
import { findEmailRows } from '../../src/users/email-rows.js';
import { runNode } from '../support/run-node.js';
import { describeSchema } from '../support/schema.js';
import { TestApp, TEST_SECRET } from '../support/test-app.js';
import { TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

/** Runs a migration command as `npm run` does. */
const command = async (database: TestDatabase, ...args: string[]) => {
  const env = { DATABASE_URL: database.url };
  const { code, stdout, stderr } = await runNode('scripts/typeorm.js', args, { env });
  return { code, output: stdout + stderr };
};

const recorded = async (database: TestDatabase) =>
  (await database.query<{ name: string }>('SELECT name FROM migrations ORDER BY id')).map(({ name }) => name);

/** Returns the names that TypeORM records, oldest first: `CreateUsers1795418900000` for `1795418900000-CreateUsers.ts`. */
async function migrationNames(): Promise<string[]> {
  const files = await readdir('migrations');
  return files.sort().map((file) => file.replace(/^(\d+)-(\w+)\.ts$/, '$2$1'));
}

const hasRun = async (dataSource: DataSource) => (await dataSource.query('SELECT FROM migrations')).length > 0;

/** Reverts all migrations in this process, or runs them. */
async function migrate({ url }: TestDatabase, direction: 'up' | 'down'): Promise<void> {
  const modules = await Promise.all(
    (await readdir('migrations')).map(
      async (file) => (await import(`../../migrations/${file}`)) as Record<string, new () => MigrationInterface>,
    ),
  );
  const migrations = modules.flatMap((module) => Object.values(module));
  const dataSource = await new DataSource({ type: 'postgres', url, migrations }).initialize();
  try {
    if (direction === 'up') await dataSource.runMigrations({ transaction: 'each' });
    else while (await hasRun(dataSource)) await dataSource.undoLastMigration({ transaction: 'each' });
  } finally {
    await dataSource.destroy();
  }
}

/** Returns the statements that would change the schema to what the entities describe. */
async function differences({ url }: TestDatabase): Promise<string[]> {
  const { database } = parseEnvironment({ NODE_ENV: 'test', DATABASE_URL: url, JWT_SECRET: TEST_SECRET });
  const dataSource = await new LazyDataSource({
    ...databaseOptions(database),
    entities: ['src/**/*.entity.ts'],
  }).initialize();
  try {
    const { upQueries } = await dataSource.driver.createSchemaBuilder().log();
    return upQueries.map(({ query }) => query);
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

  it('can all be reverted and run again', async () => {
    const database = await create();
    const before = await describeSchema(database);
    expect(await recorded(database)).toEqual(names);
    await migrate(database, 'down');
    expect(await describeSchema(database)).toEqual([]);
    expect(await recorded(database)).toEqual([]);
    await migrate(database, 'up');
    expect(await recorded(database)).toEqual(names);
    expect(await describeSchema(database)).toEqual(before);
  });

  it('have distinct timestamps in the past', () => {
    const timestamps = names.map((name) => Number(/\d{13}$/.exec(name)?.[0]));
    expect(timestamps.filter((timestamp) => !(timestamp <= Date.now()))).toEqual([]);
    expect(new Set(timestamps).size).toBe(timestamps.length);
  });

  it('that ran before they were renamed do not run again', async () => {
    const database = await create();
    await database.query(
      `UPDATE migrations SET name = 'CreateMails1795718902000', timestamp = 1795718902000 WHERE name LIKE 'CreateMails%'`,
    );
    const { code, output } = await command(database, 'migration:run');
    expect([code, output]).toEqual([0, expect.stringContaining('No migrations are pending')]);
    expect(await recorded(database)).toEqual(names);
    const misdated = await database.query('SELECT FROM migrations WHERE timestamp::text <> right(name, 13)');
    expect(misdated).toEqual([]);
  });

  it('convert emails to one form, except those of several accounts, which they report', async () => {
    const database = await create();
    const emails = ['a@exämple.com', 'b@exämple.com', 'b@xn--exmple-cua.com', 'c@example.com。', 'c@example｡com'];
    emails.push('d@ää.example', 'd@ＡＡ.example', 'jörg@example.com', `e@${'ä'.repeat(64)}.com`, '"\\f"@example.com');
    const id = (index: number) => `00000000-0000-7000-8000-00000000000${index}`;
    for (const [index, email] of emails.entries()) {
      await database.query(
        `INSERT INTO users (id, email, password_hash, email_verified_at) VALUES ($1, $2, '', CASE WHEN $3 THEN now() END)`,
        [id(index), email, index === 4],
      );
    }
    await database.query(`DELETE FROM migrations WHERE name LIKE 'NormalizeEmails%'`);
    const { code, output } = await command(database, 'migration:run');
    expect(code).toBe(0);
    expect(output.split('\n').filter((line) => line.includes('mailbox of user'))).toEqual([
      `User ${id(1)} has the mailbox of user ${id(2)}. Its email was not converted.`,
      `User ${id(3)} has the mailbox of user ${id(4)}. Its email was not converted.`,
    ]);
    const stored = await database.query<{ email: string }>('SELECT email FROM users ORDER BY id');
    expect(stored.map(({ email }) => email)).toEqual([
      ...['a@xn--exmple-cua.com', 'b@exämple.com', 'b@xn--exmple-cua.com', 'c@example.com。', 'c@example.com'],
      ...['d@xn--4caa.example', 'd@aa.example', 'jörg@example.com', `e@${'ä'.repeat(64)}.com`, 'f@example.com'],
    ]);
    const left = [];
    for await (const row of findEmailRows(database, null)) left.push(row.id);
    expect(left).toEqual([id(1), id(3)]);
  });

  it('are reverted one at a time and listed with their state', async () => {
    const database = await create();
    const reverted = await command(database, 'migration:revert');
    expect(reverted).toEqual({ code: 0, output: expect.stringContaining(names.at(-1) ?? '') });
    expect(await recorded(database)).toEqual(names.slice(0, -1));
    const { code, output } = await command(database, 'migration:show');
    expect(code).toBe(0);
    for (const name of names) {
      expect(output).toMatch(new RegExp(`\\[${name === names.at(-1) ? ' ' : 'X'}\\].*${name}`));
    }
  });

  it('create the schema that the entities describe', async () => {
    expect(await differences(await create())).toEqual([]);
  });

  it('are missing if a column or a check differs from the entity, which migration:generate reports', async () => {
    const database = await create();
    await database.query('ALTER TABLE users ADD COLUMN x int');
    await database.query(
      `ALTER TABLE users DROP CONSTRAINT ck_users_role, ADD CONSTRAINT ck_users_role CHECK (role IN ('user'))`,
    );
    const { code, output } = await command(database, 'migration:generate');
    expect(code).not.toBe(0);
    expect(output).toContain('DROP COLUMN "x"');
    expect(output).toContain('DROP CONSTRAINT "ck_users_role"');
    expect(output).toContain(`ADD CONSTRAINT "ck_users_role" CHECK (role IN ('user', 'admin'`);
    expect(await migrationNames()).toEqual(names);
  });

  it('are not generated while others are pending', async () => {
    const { code, output } = await command(await create({ empty: true }), 'migration:generate', 'Repeated');
    expect([code, output]).toEqual([1, 'Some migrations are pending. Run them first: npm run migration:run\n']);
    expect(await migrationNames()).toEqual(names);
  });

  it('run once if two instances start them at the same time', async () => {
    const database = await create({ empty: true });
    // Blocks the faster instance inside its first migration until the other one waits too.
    await database.query('BEGIN');
    await database.query('CREATE TABLE users ()');
    const instances = Promise.all([command(database, 'migration:run'), command(database, 'migration:run')]);
    try {
      await until('both wait', async () => (await database.waiting()).length === 2);
    } finally {
      await database.query('ROLLBACK');
      await instances;
    }
    expect((await instances).map(({ code }) => code)).toEqual([0, 0]);
    const output = (await instances).map((instance) => instance.output).join('');
    for (const name of names) expect(output).toContain(`Migration ${name} has been executed successfully.`);
    // The output names migrations and contains no statement.
    expect(output).not.toMatch(/CREATE|ALTER|SELECT|query/);
    expect(await recorded(database)).toEqual(names);
  });

  it('that fail change nothing and exit with an error', async () => {
    const database = await create({ empty: true });
    // The second migration creates this table.
    await database.query('CREATE TABLE sessions ()');
    const { code } = await command(database, 'migration:run');
    expect(code).not.toBe(0);
    expect(await recorded(database)).toEqual(names.slice(0, 1));
    const columns = await database.query(`SELECT 1 FROM information_schema.columns WHERE table_name = 'sessions'`);
    expect(columns).toEqual([]);
  });

  it('name every constraint and index by one rule, in at most 63 bytes', async () => {
    const database = await create();
    // PostgreSQL 18 names NOT NULL constraints too.
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

  describe('in /health/ready', () => {
    let app: TestApp | undefined;
    afterEach(() => app?.close());

    it.each([
      ['no migration has run', 0],
      ['one has run', 1],
      ['all have run', Infinity],
    ])('are listed as pending if %s', async (_, run) => {
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
