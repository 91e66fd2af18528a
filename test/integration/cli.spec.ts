import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { FUTURE_EXAMPLE } from '../../src/http/fields.js';
import { buildSignedIn, buildUser, signIn } from '../support/builders.js';
import { NO_DATABASE } from '../support/constants.js';
import type { Schema } from '../support/operations.js';
import { challengeFor, codeOf, enrollTotp } from '../support/factors.js';
import { runCommand } from '../support/run-command.js';
import { runNode, type Finished } from '../support/run-node.js';
import { TestApp, TEST_SECRET } from '../support/test-app.js';

const CLI = resolve('dist/src/cli/cli.js');

describe('the command line', () => {
  let app: TestApp;
  let env: Record<string, string>;
  beforeAll(async () => {
    app = await TestApp.start();
    env = {
      BCRYPT_COST: '4',
      JWT_SECRET: TEST_SECRET,
      DATABASE_URL: app.database.url,
      DB_CONNECT_TIMEOUT: '20s',
    };
  });
  afterAll(() => app.close());
  beforeEach(() => app.database.query('DELETE FROM users'));

  const run = (...args: string[]): Promise<Finished> => runCommand(args, env);
  const createAdmin = (...args: string[]) => run('users:create-admin', '--email', 'root@example.com', ...args);
  /** Runs the built command line in a process of its own, in a folder without a `.env` file. */
  const runProcess = (args: readonly string[], variables: Readonly<Record<string, string>>, input?: string) =>
    runNode(CLI, args, { env: variables, cwd: tmpdir(), ...(input !== undefined && { input }) });

  const emails = async () =>
    (await app.database.query<{ email: string }>('SELECT email FROM users ORDER BY id')).map(({ email }) => email);

  describe('users:reset-factors', () => {
    it('removes the second factors of a user and revokes their sessions', async () => {
      const ada = await buildSignedIn(app);
      await enrollTotp(app, ada);
      const { code, stdout } = await run('users:reset-factors', '--email', ada.email.toUpperCase());
      expect([code, stdout]).toEqual([0, expect.stringContaining(`${ada.email} and revoked their sessions.`)]);
      await app.as(ada.accessToken).get('/users/me').expect(401);
      await signIn(app, ada);
      const again = await run('users:reset-factors', '--email', ada.email);
      expect([again.code, again.stdout]).toEqual([0, expect.stringContaining('has no second factor')]);
    });

    it('reports an unknown email', async () => {
      const { code, stderr } = await run('users:reset-factors', '--email', 'nobody@example.com');
      expect([code, stderr]).toEqual([1, expect.stringContaining('No such user.')]);
    });
  });

  describe('factors:reseal', () => {
    it('encrypts secrets with the newest key, so that the older one can be removed', async () => {
      const ada = await buildSignedIn(app);
      const { secret } = await enrollTotp(app, ada);
      const renewed = { FACTOR_SECRET: 'mV4tPq8sXz2LwK9nRb6HcD3gJy7FeAuT' };
      const reseal = async (variables: Readonly<Record<string, string>>) =>
        runCommand(['factors:reseal'], { ...env, ...variables });
      expect(await reseal(renewed)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Encrypted [1-9]/) });
      expect(await reseal(renewed)).toMatchObject({ code: 0, stdout: expect.stringMatching(/^Encrypted 0 of/) });
      const rotated = await TestApp.start({
        database: app.database,
        env: { ...renewed, JWT_SECRET: 'another-9fQzT3xLkP7wVbN2mHsD8yRc' },
      });
      const body = { challenge: await challengeFor(rotated, ada), code: codeOf(secret) };
      await rotated.request.post('/auth/login/factor').set('User-Agent', '').send(body).expect(200);
      await rotated.close();
      const lost = await reseal({ JWT_SECRET: 'another-9fQzT3xLkP7wVbN2mHsD8yRc' });
      expect(lost).toMatchObject({ code: 1, stderr: expect.stringContaining('FACTOR_PREVIOUS_SECRETS') });
    });
  });

  describe('users:create-admin', () => {
    it('prints a random password with which the new admin signs in', async () => {
      const { code, stdout } = await createAdmin('--name', 'Root');
      const password = /^Password: (\S+)$/m.exec(stdout)?.[1] ?? '';
      expect([code, stdout]).toEqual([0, expect.stringContaining('Created admin root@example.com')]);
      expect(password.length).toBeGreaterThanOrEqual(24);
      const { accessToken } = await signIn(app, { id: '', email: 'root@example.com', password });
      const { body } = await app.as(accessToken).get('/users/me').expect(200);
      expect(body).toMatchObject({ role: 'admin', name: 'Root', isActive: true, emailVerifiedAt: expect.any(String) });
      await app.as(accessToken).get('/admin/users').expect(200);
    });

    it('reads a password with surrounding spaces from standard input and never prints it', async () => {
      const password = '  🏮🐉🌒🚲🥝🪁🧭🎻  ';
      const args = ['users:create-admin', '--email', 'root@example.com', '--password-stdin'];
      const { code, stdout, stderr } = await runProcess(args, env, `${password}\r\n`);
      expect([code, stdout, stderr]).toEqual([0, 'Created admin root@example.com\n', '']);
      await app.request.post('/auth/login').send({ email: 'root@example.com', password }).expect(200);
    });

    // One for each check: the length in characters, the allowed characters, and the strength.
    it.each([
      ['of four emoji', '🏮🏮🏮🏮'],
      ['with a NUL', 'correct\0horse battery'],
      ['with the product’s name', 'Gatehouse2026'],
    ])('rejects a password %s', async (_, password) => {
      const args = ['users:create-admin', '--email', 'root@example.com', '--password-stdin'];
      const { code, stdout, stderr } = await runCommand(args, env, password);
      expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(/^password (must|is) .+\n$/)]);
      expect(await emails()).toEqual([]);
    });

    it('rejects a registered e-mail address in one line', async () => {
      await buildUser(app, { email: 'root@example.com' });
      const { code, stdout, stderr } = await run('users:create-admin', '--email', 'ROOT@Example.com');
      expect([code, stdout, stderr]).toEqual([1, '', 'An account with this email already exists.\n']);
      expect(await emails()).toEqual(['root@example.com']);
    });

    it.each(['nonsense', ''])('rejects the invalid e-mail address %j', async (email) => {
      const { code, stderr } = await run('users:create-admin', '--email', email);
      expect([code, stderr]).toEqual([1, 'email must be an e-mail address\n']);
      expect(await emails()).toEqual([]);
    });

    it('with --if-none does nothing if there is an active admin', async () => {
      const { email } = await buildUser(app, { role: 'admin' });
      const { code, stdout } = await createAdmin('--if-none');
      expect([code, stdout]).toEqual([0, 'An active admin already exists.\n']);
      expect(await emails()).toEqual([email]);
    });

    it('with --if-none creates an admin if all admins are inactive', async () => {
      const { email } = await buildUser(app, { role: 'admin' });
      await app.database.query('UPDATE users SET is_active = false');
      const { code, stdout } = await createAdmin('--if-none');
      expect([code, stdout]).toEqual([0, expect.stringContaining('Created admin root@example.com')]);
      expect(await emails()).toEqual([email, 'root@example.com']);
    });
  });

  describe('sessions:prune', () => {
    /** Creates an active session and two that ended `days` ago, by expiry and by revocation. */
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

    it('deletes only sessions that ended more than 30 days ago', async () => {
      const recent = await buildSessions(29);
      const [active] = await buildSessions(31);
      const { code, stdout } = await run('sessions:prune');
      expect([code, stdout]).toEqual([0, 'Deleted 2 sessions.\n']);
      expect(await remaining()).toEqual([...recent, active]);
    });

    it('deletes sessions that ended before --older-than', async () => {
      const [active] = await buildSessions(2);
      const { code, stdout } = await run('sessions:prune', '--older-than', '36h');
      expect([code, stdout]).toEqual([0, 'Deleted 2 sessions.\n']);
      expect(await remaining()).toEqual([active]);
    });

    it.each(['30', '-1d'])('rejects the invalid duration %j', async (duration) => {
      const sessions = await buildSessions(100);
      const { code, stderr } = await run('sessions:prune', `--older-than=${duration}`);
      expect([code, stderr]).toEqual([1, expect.stringContaining('It must be a duration with a unit')]);
      expect(await remaining()).toEqual(sessions);
    });
  });

  it('prune deletes all expired data and prints a line for each kind', async () => {
    await buildSignedIn(app);
    await app.database.query(`UPDATE sessions SET idle_expires_at = now() - interval '31 days'`);
    const { code, stdout, stderr } = await run('prune');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout.split('\n').sort()).toEqual([
      '',
      'Deleted 0 audit events.',
      'Deleted 0 mails.',
      'Deleted 0 one-time tokens.',
      'Deleted 0 rate limits.',
      'Deleted 0 sign-in challenges.',
      'Deleted 0 unconfirmed factors.',
      'Deleted 0 used passkey challenges.',
      'Deleted 1 session.',
    ]);
  });

  it.each([
    ['table', 'TABLE audit_events RENAME TO gone', 'TABLE gone RENAME TO audit_events'],
    ['column', 'TABLE sessions RENAME COLUMN expires_at TO gone', 'TABLE sessions RENAME COLUMN gone TO expires_at'],
  ])('asks for migrations if a %s is missing', async (_, remove, restore) => {
    await app.database.query(`ALTER ${remove}`);
    try {
      const { code, stderr } = await run('prune');
      const message = 'The database schema is out of date. Run this first: npm run migration:run\n';
      expect([code, stderr]).toEqual([1, message]);
    } finally {
      await app.database.query(`ALTER ${restore}`);
    }
  });

  describe('openapi:export', () => {
    /** Returns the served document, with the constant example that an exported one has for a time in the future. */
    async function servedDocument(): Promise<unknown> {
      const { text } = await app.request.get('/openapi.json');
      const { components } = JSON.parse(text) as { components: { schemas: Record<string, Schema> } };
      const example = components.schemas['ExpireSession']?.properties?.['expiresAt']?.example;
      return JSON.parse(text.replaceAll(String(example), FUTURE_EXAMPLE));
    }

    it('prints the document without configuration and database', async () => {
      const { code, stdout } = await runCommand(['openapi:export'], {
        NODE_ENV: 'development',
        DATABASE_URL: NO_DATABASE,
      });
      expect([code, JSON.parse(stdout)]).toEqual([0, await servedDocument()]);
    });

    it('writes the document to a file', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'gatehouse-openapi-'));
      try {
        const { code, stdout } = await run('openapi:export', join(folder, 'openapi.json'));
        expect([code, stdout]).toEqual([0, '']);
        expect(JSON.parse(await readFile(join(folder, 'openapi.json'), 'utf8'))).toEqual(await servedDocument());
      } finally {
        await rm(folder, { recursive: true });
      }
    });
  });

  it('rejects an unknown command', async () => {
    const { code, stdout, stderr } = await run('users:delete-everyone');
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringContaining("unknown command 'users:delete-everyone'")]);
  });

  it('prints its commands with --help', async () => {
    const { code, stdout, stderr } = await run('--help');
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toContain('users:create-admin');
  });

  it('reports an invalid configuration without a stack', async () => {
    const { code, stdout, stderr } = await runCommand(['prune'], { DATABASE_URL: 'mysql://db/x' });
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringMatching(/^ {2}DATABASE_URL must be a URL/m)]);
    expect(stderr).not.toMatch(/\bat .*:\d+/);
  });

  it('reports an unavailable database in one line, without a stack or credentials', async () => {
    const variables = { ...env, DATABASE_URL: NO_DATABASE };
    const { code, stdout, stderr } = await runProcess(['users:create-admin', '--email', 'root@example.com'], variables);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^The database is temporarily unavailable\. Try again\.$/m);
    expect(stderr).not.toMatch(/gatehouse:gatehouse|Password|\bat .*:\d+/);
  });
});
