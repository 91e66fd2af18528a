import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { UpkeepService } from '../../src/platform/upkeep/upkeep.service.js';
import { ChildApp } from '../support/child-app.js';
import { LogLines } from '../support/log-lines.js';
import { runCommand } from '../support/run-command.js';
import { TestApp, TEST_SECRET } from '../support/test-app.js';
import { TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

const PASSWORD = 'seven lanterns at dusk';

/** The tables of modules that a team has added. The role needs rights on each of them. */
const MODULE_TABLES = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .filter((file) => file.endsWith('.entity.ts') && !/^(auth|platform|sessions|users)\//.test(file))
  .flatMap((file) => [...readFileSync(join('src', file), 'utf8').matchAll(/@Entity\('(\w+)'\)/g)])
  .map(([, table = '']) => table);

describe('the database role of the application', () => {
  const role = `reader_writer_${randomBytes(6).toString('hex')}`;
  const maintenance = `maintenance_${randomBytes(6).toString('hex')}`;
  const log = new LogLines();
  let database: TestDatabase;
  let app: TestApp;

  const urlAs = (user: string) => {
    const url = new URL(database.url);
    url.username = user;
    url.password = PASSWORD;
    return url.href;
  };

  beforeAll(async () => {
    database = await TestDatabase.create();
    const name = new URL(database.url).pathname.slice(1);
    for (const statement of [
      `CREATE ROLE ${role} LOGIN PASSWORD '${PASSWORD}'`,
      `REVOKE ALL ON DATABASE ${name} FROM PUBLIC`,
      `GRANT CONNECT ON DATABASE ${name} TO ${role}`,
      `GRANT USAGE ON SCHEMA public TO ${role}`,
      `GRANT SELECT, INSERT, UPDATE, DELETE ON users, sessions, one_time_tokens, factors, recovery_codes, sign_in_challenges, used_passkey_challenges, mails, rate_limits, schedule TO ${role}`,
      `GRANT SELECT, INSERT ON audit_events TO ${role}`,
      `GRANT SELECT ON migrations TO ${role}`,
      ...MODULE_TABLES.map((table) => `GRANT SELECT, INSERT, UPDATE, DELETE ON ${table} TO ${role}`),
      `CREATE ROLE ${maintenance} LOGIN PASSWORD '${PASSWORD}'`,
      `GRANT CONNECT ON DATABASE ${name} TO ${maintenance}`,
      `GRANT USAGE ON SCHEMA public TO ${maintenance}`,
      `GRANT SELECT, DELETE ON audit_events TO ${maintenance}`,
    ]) {
      await database.query(statement);
    }
    app = await TestApp.start({ database, log, env: { DATABASE_URL: urlAs(role), RATE_LIMIT_ENABLED: 'true' } });
  });
  afterAll(async () => {
    await app.close();
    for (const name of [role, maintenance]) {
      await database.query(`DROP OWNED BY ${name}`);
      await database.query(`DROP ROLE ${name}`);
    }
    await database.drop();
  });

  it('cannot change the schema', async () => {
    await database.query(`SET ROLE ${role}`);
    const change = database.query('CREATE TABLE probe_table ()');
    await expect(change).rejects.toMatchObject({ code: '42501' });
    await database.query('RESET ROLE');
  });

  it.each([
    'UPDATE audit_events SET reason = NULL',
    'DELETE FROM audit_events',
    'TRUNCATE audit_events',
    'SELECT FROM audit_events FOR UPDATE',
  ])('cannot change audit events: %s', async (statement) => {
    await database.query(`SET ROLE ${role}`);
    await expect(database.query(statement)).rejects.toMatchObject({ code: '42501' });
    await database.query('RESET ROLE');
  });

  describe('and the maintenance role', () => {
    const pruneAs = (user: string) =>
      runCommand(['audit:prune', '--older-than', '400d'], {
        JWT_SECRET: TEST_SECRET,
        DATABASE_URL: urlAs(user),
        DB_CONNECT_TIMEOUT: '20s',
      });
    const count = async () => (await database.query('SELECT FROM audit_events WHERE user_agent = $1', ['old'])).length;

    beforeAll(async () => {
      await database.query(`INSERT INTO audit_events (id, occurred_at, type, outcome, user_agent)
        VALUES ('01000000-0000-7000-8000-000000000000', '2004-11-03T19:53:47.776Z', 'sign_in', 'success', 'old')`);
    });

    // First, because a command in this process replaces the logger.
    it('logs once that the application’s role may not prune audit events', async () => {
      for (let turn = 0; turn < 2; turn += 1) {
        await database.query('TRUNCATE schedule');
        await app.app.get(UpkeepService).pruneIfDue();
      }
      const warnings = log.records.filter(({ msg }) => String(msg).includes('may not delete audit events'));
      expect([warnings.length, warnings[0]?.['level']]).toEqual([1, 'warn']);
      expect(await count()).toBe(1);
      await app.request.get('/health/ready').expect(200);
    });

    it('reports that the application’s role may not prune audit events', async () => {
      const { code, stderr } = await pruneAs(role);
      expect([code, stderr]).toEqual([1, expect.stringMatching(/^This database role may not delete audit events/)]);
      expect(await count()).toBe(1);
    });

    it('prunes audit events as the maintenance role', async () => {
      expect(await pruneAs(maintenance)).toMatchObject({ code: 0, stdout: 'Deleted 1 audit event.\n' });
      expect(await count()).toBe(0);
    });

    it('lets the maintenance role neither write nor read other tables', async () => {
      await database.query(`SET ROLE ${maintenance}`);
      for (const statement of [
        `INSERT INTO audit_events (id, occurred_at, type, outcome) VALUES (gen_random_uuid(), now(), 'x', 'success')`,
        'UPDATE audit_events SET reason = NULL',
        'SELECT FROM users',
      ]) {
        await expect(database.query(statement)).rejects.toMatchObject({ code: '42501' });
      }
      await database.query('RESET ROLE');
    });
  });

  it('allows everything that an account needs, from registration to deletion', async () => {
    const person = { email: 'ada@example.com', password: PASSWORD };
    const statuses: Record<string, number> = {};
    const note = <T extends { status: number }>(step: string, response: T): T => {
      statuses[step] = response.status;
      return response;
    };
    note('ready', await app.request.get('/health/ready'));
    note('register', await app.request.post('/auth/register').send(person));
    const { body } = note('login', await app.request.post('/auth/login').send(person));
    note('me', await app.as(body.accessToken as string).get('/users/me'));
    const { refreshToken } = body as { refreshToken: string };
    const next = note('refresh', await app.request.post('/auth/refresh').send({ refreshToken }));
    note('logout', await app.as(next.body.accessToken as string).post('/auth/logout'));
    const again = await app.request.post('/auth/login').send(person);
    note(
      'delete',
      await app
        .as(again.body.accessToken as string)
        .delete('/users/me')
        .send({ password: PASSWORD }),
    );
    expect(statuses).toEqual({
      ready: 200,
      register: 201,
      login: 200,
      me: 200,
      refresh: 200,
      logout: 204,
      delete: 204,
    });
  });

  it('passes the doctor until it lacks a right', async () => {
    const examine = async () => {
      const env = { NODE_ENV: 'production', JWT_SECRET: TEST_SECRET, DATABASE_URL: urlAs(role), PORT: '0' };
      const { stdout } = await runCommand(['doctor'], env);
      return stdout.split('\n').filter((line) => line.includes(' database ') && !line.startsWith('ok'));
    };
    expect(await examine()).toEqual([]);
    await database.query(`REVOKE UPDATE ON sessions FROM ${role}`);
    expect(await examine()).toEqual([expect.stringMatching(/^problem .* lacks rights on sessions\. Grant them/)]);
  });

  it('logs in production that it lacks a right', async () => {
    await database.query(`REVOKE UPDATE ON sessions FROM ${role}`);
    const production = await ChildApp.start({ NODE_ENV: 'production', BCRYPT_COST: '10', DATABASE_URL: urlAs(role) });
    await until('the role is checked', () => production.log.includes('lacks rights'));
    await production.kill();
    expect(production.log).toContain('lacks rights on sessions. Grant them');
  });
});
