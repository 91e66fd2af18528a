import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MigrationInterface } from 'typeorm';
import { parseEnvironment } from '../../src/config/env.js';
import { databaseOptions, migrationOptions } from '../../src/platform/database/database.options.js';
import { LazyDataSource } from '../../src/platform/database/lazy-data-source.js';
import { UpkeepService } from '../../src/platform/upkeep/upkeep.service.js';
import { buildSignedIn } from '../support/builders.js';
import { TestApp, TEST_SECRET } from '../support/test-app.js';
import { TestDatabase } from '../support/test-database.js';

const configOf = (url: string) =>
  parseEnvironment({ NODE_ENV: 'test', DATABASE_URL: url, JWT_SECRET: TEST_SECRET }).database;

async function loadMigrations(): Promise<(new () => MigrationInterface)[]> {
  const modules = (await readdir('migrations')).map(
    (file) => import(`../../migrations/${file}`) as Promise<Record<string, new () => MigrationInterface>>,
  );
  return (await Promise.all(modules)).flatMap((module) => Object.values(module));
}

describe('a connection string', () => {
  let database: TestDatabase;
  beforeAll(async () => (database = await TestDatabase.create({ empty: true })));
  afterAll(() => database.drop());

  it('with a schema applies to the migrations, their check and the application', async () => {
    await database.query('CREATE SCHEMA app');
    const url = `${database.url}?options=-c%20search_path%3Dapp`;
    const options = { ...migrationOptions(configOf(url)), migrations: await loadMigrations() };
    const migrations = await new LazyDataSource({ ...options, migrationsTransactionMode: 'each' }).initialize();
    await migrations.runMigrations();
    await migrations.destroy();
    const entities = ['src/**/*.entity.ts'];
    const checked = await new LazyDataSource({ ...databaseOptions(configOf(url)), entities }).initialize();
    const { upQueries } = await checked.driver.createSchemaBuilder().log();
    await checked.destroy();
    const app = await TestApp.start({ database, env: { DATABASE_URL: url, RATE_LIMIT_ENABLED: 'true' } });
    const ada = await buildSignedIn(app);
    const guarded = await app.as(ada.accessToken).get('/users/me');
    const readiness = await app.request.get('/health/ready');
    await app.app.get(UpkeepService).pruneIfDue();
    await app.close();
    expect(upQueries).toEqual([]);
    expect([guarded.status, readiness.status]).toEqual([200, 200]);
    const schemas = await database.query(
      `SELECT DISTINCT schemaname FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')`,
    );
    expect(schemas).toEqual([{ schemaname: 'app' }]);
  });

  it('with the folder of a Unix socket connects to it', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gatehouse-socket-'));
    const { username, password, hostname, port, pathname } = new URL(database.url);
    // PostgreSQL for tests has no socket, so this one forwards to its port.
    const server = createServer((socket) => {
      const target = connect(Number(port), hostname);
      socket.pipe(target).pipe(socket);
      for (const end of [socket, target]) end.on('error', () => undefined);
    }).listen(join(folder, '.s.PGSQL.6543'));
    await once(server, 'listening');
    const url = `postgresql://${username}:${password}@${pathname}?host=${folder}&port=6543`;
    const dataSource = await new LazyDataSource(databaseOptions(configOf(url))).initialize();
    const rows = await dataSource.query<unknown[]>('SELECT 1 AS answer');
    await dataSource.destroy();
    server.close();
    await rm(folder, { recursive: true });
    expect(rows).toEqual([{ answer: 1 }]);
  });
});
