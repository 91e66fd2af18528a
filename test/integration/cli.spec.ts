import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSignedIn, buildUser, signIn } from '../support/builders.js';
import { NO_DATABASE } from '../support/constants.js';
import { runNode, type Finished } from '../support/run-node.js';
import { TestApp, TEST_SECRET } from '../support/test-app.js';
import { TestDatabase } from '../support/test-database.js';

const CLI = fileURLToPath(new URL('../../dist/src/cli/cli.js', import.meta.url));

/** Runs the built command line, far from any `.env`. */
function runCli(databaseUrl: string, args: readonly string[], input = ''): Promise<Finished> {
  const env = { BCRYPT_COST: '4', JWT_SECRET: TEST_SECRET, DATABASE_URL: databaseUrl, DB_CONNECT_TIMEOUT: '20s' };
  return runNode(CLI, args, { env, input, cwd: tmpdir() });
}

describe('the command line', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start()));
  afterAll(() => app.close());
  beforeEach(() => app.database.query('DELETE FROM users'));

  const run = (args: string[], input?: string): Promise<Finished> => runCli(app.database.url, args, input);
  const createAdmin = (args: string[], input?: string) =>
    run(['users:create-admin', '--email', 'root@example.com', ...args], input);

  async function countUsers(): Promise<number> {
    const [row] = await app.database.query<{ count: number }>('SELECT count(*)::int AS count FROM users');
    return row?.count ?? -1;
  }

  describe('users:create-admin', () => {
    it('creates an admin with a password that it prints, and that signs in', async () => {
      const { code, stdout } = await createAdmin(['--name', 'Root']);
      const password = /^Password: (\S+)$/m.exec(stdout)?.[1] ?? '';
      expect([code, stdout]).toEqual([0, expect.stringContaining('Created the admin root@example.com')]);
      expect(password.length).toBeGreaterThanOrEqual(24);
      const { accessToken } = await signIn(app, { id: '', email: 'root@example.com', password });
      const { body } = await app.as(accessToken).get('/users/me').expect(200);
      expect(body).toMatchObject({ role: 'admin', name: 'Root', isActive: true, emailVerifiedAt: expect.any(String) });
      await app.as(accessToken).get('/admin/users').expect(200);
    });

    it('takes a password from the standard input, with the blanks around it, and never prints it', async () => {
      const password = '  🏮🐉🌒🚲🥝🪁🧭🎻  ';
      const { code, stdout, stderr } = await createAdmin(['--password-stdin'], `${password}\r\n`);
      expect(code).toBe(0);
      expect(stdout + stderr).not.toContain(password.trim());
      const { status } = await app.request.post('/auth/login').send({ email: 'root@example.com', password });
      expect(status).toBe(200);
    });

    // Each from one of those that decide: the length in characters, what may stand in a text, and what is easy to guess.
    it.each([
      ['four emoji, however many bytes', '🏮🏮🏮🏮'],
      ['with a NUL', 'correct\0horse battery'],
      ['the product’s name', 'Gatehouse2026'],
    ])('refuses a password that is %s', async (_, input) => {
      const { code, stdout, stderr } = await createAdmin(['--password-stdin'], input);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/^password (must|is) .+\n$/);
      expect(await countUsers()).toBe(0);
    });

    it('refuses an address that is taken, in one clear line', async () => {
      await buildUser(app, { email: 'root@example.com' });
      const { code, stdout, stderr } = await run(['users:create-admin', '--email', 'ROOT@Example.com']);
      expect([code, stdout, stderr]).toEqual([1, '', 'An account with this email already exists.\n']);
      expect(await countUsers()).toBe(1);
    });

    it.each(['nonsense', ''])('refuses what is no address: %j', async (email) => {
      const { code, stderr } = await run(['users:create-admin', '--email', email]);
      expect([code, stderr]).toEqual([1, 'email must be an e-mail address\n']);
      expect(await countUsers()).toBe(0);
    });

    it('with --if-none does nothing where there is an active admin', async () => {
      await buildUser(app, { role: 'admin' });
      const { code, stdout } = await createAdmin(['--if-none']);
      expect([code, stdout]).toEqual([0, 'There is an active admin already.\n']);
      expect(await countUsers()).toBe(1);
    });

    it('with --if-none creates one where all admins are inactive', async () => {
      await buildUser(app, { role: 'admin' });
      await app.database.query('UPDATE users SET is_active = false');
      const { code, stdout } = await createAdmin(['--if-none']);
      expect([code, stdout]).toEqual([0, expect.stringContaining('Created the admin root@example.com')]);
      expect(await countUsers()).toBe(2);
    });

    it('says in one line that the database is away', async () => {
      const { code, stdout, stderr } = await runCli(NO_DATABASE, ['users:create-admin', '--email', 'root@example.com']);
      expect(code).toBe(1);
      expect(stderr).toMatch(/^The database is temporarily unavailable\. Try again\.$/m);
      expect(stdout + stderr).not.toMatch(/gatehouse:gatehouse|Password|\bat .*:\d+/);
    });
  });

  describe('sessions:prune', () => {
    /** One session that is active, and two that ended so many days ago: by expiry, and by revocation. */
    async function buildSessions(days: number): Promise<string[]> {
      const [active, expired, revoked] = [await buildSignedIn(app), await buildSignedIn(app), await buildSignedIn(app)];
      const ago = `now() - $2 * interval '1 day'`;
      await app.database.query(`UPDATE sessions SET idle_expires_at = ${ago} WHERE id = $1`, [expired.sessionId, days]);
      await app.database.query(`UPDATE sessions SET revoked_at = ${ago}, revoked_reason = 'logout' WHERE id = $1`, [
        revoked.sessionId,
        days,
      ]);
      return [active.sessionId, expired.sessionId, revoked.sessionId];
    }

    async function remaining(): Promise<string[]> {
      return (await app.database.query<{ id: string }>('SELECT id FROM sessions ORDER BY id')).map(({ id }) => id);
    }

    it('deletes what ended more than 30 days ago, and nothing else', async () => {
      const recent = await buildSessions(29);
      const [active] = await buildSessions(31);
      const { code, stdout } = await run(['sessions:prune']);
      expect([code, stdout]).toEqual([0, 'Deleted 2 sessions.\n']);
      expect(await remaining()).toEqual([...recent, active]);
    });

    it('takes how long ago with --older-than', async () => {
      const [active] = await buildSessions(2);
      const { code, stdout } = await run(['sessions:prune', '--older-than', '36h']);
      expect([code, stdout]).toEqual([0, 'Deleted 2 sessions.\n']);
      expect(await remaining()).toEqual([active]);
    });

    it.each(['30', '-1d'])('refuses what is no duration with its unit: %j', async (duration) => {
      const sessions = await buildSessions(100);
      const { code, stderr } = await run(['sessions:prune', `--older-than=${duration}`]);
      expect([code, stderr]).toEqual([1, expect.stringContaining('It must be a duration with a unit')]);
      expect(await remaining()).toEqual(sessions);
    });
  });

  describe('prune', () => {
    it('deletes what has been kept for long enough, a plain line for each kind', async () => {
      const { sessionId } = await buildSignedIn(app);
      await app.database.query(`UPDATE sessions SET idle_expires_at = now() - interval '31 days' WHERE id = $1`, [
        sessionId,
      ]);
      const { code, stdout, stderr } = await run(['prune']);
      expect([code, stderr]).toEqual([0, '']);
      expect(stdout).toMatch(/^(Deleted 0 [a-z -]+\.\n)+Deleted 1 sessions\.\n$/);
    });
  });

  describe('openapi:export', () => {
    it('prints the document, with no settings and no database', async () => {
      const env = { NODE_ENV: 'development', DATABASE_URL: NO_DATABASE };
      const { code, stdout } = await runNode(CLI, ['openapi:export'], { env });
      expect(code).toBe(0);
      const { body } = await app.request.get('/openapi.json');
      expect(JSON.parse(stdout)).toEqual(body);
    });

    it('writes the document to a file, with no database', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'gatehouse-openapi-'));
      try {
        const { code, stdout } = await runCli(NO_DATABASE, ['openapi:export', join(folder, 'openapi.json')]);
        expect([code, stdout]).toEqual([0, '']);
        const { body } = await app.request.get('/openapi.json');
        expect(JSON.parse(await readFile(join(folder, 'openapi.json'), 'utf8'))).toEqual(body);
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  });

  it.each([
    ['a table', 'DROP TABLE audit_events'],
    ['a column', 'ALTER TABLE users DROP COLUMN name'],
  ])('says in one line that the database lacks %s, and is to be migrated', async (_, statement) => {
    const behind = await TestDatabase.create();
    try {
      await behind.query(statement);
      const { code, stdout, stderr } = await runCli(behind.url, ['users:create-admin', '--email', 'root@example.com']);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toBe('The database is not migrated. Run this first: npm run migration:run\n');
    } finally {
      await behind.drop();
    }
  });

  it('refuses an unknown command', async () => {
    const { code, stdout, stderr } = await run(['users:delete-everyone']);
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringContaining("unknown command 'users:delete-everyone'")]);
  });

  it('says what is wrong with a configuration, and does nothing', async () => {
    const { code, stdout, stderr } = await runCli('mysql://db/x', ['sessions:prune']);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^ {2}DATABASE_URL must be a URL/m);
    expect(stderr).not.toMatch(/\bat .*:\d+/);
  });
});
