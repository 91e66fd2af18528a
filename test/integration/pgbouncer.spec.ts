import { Database } from '../../src/platform/database/database.js';
import { UpkeepService } from '../../src/platform/upkeep/upkeep.service.js';
import { buildSignedIn, buildUser, signIn } from '../support/builders.js';
import { LogLines } from '../support/log-lines.js';
import { MailServer } from '../support/mail-server.js';
import { PgBouncer } from '../support/pgbouncer.js';
import { postMail } from '../support/post-mail.js';
import { insertSessions } from '../support/session-row.js';
import { runCommand } from '../support/run-command.js';
import { rounds } from '../support/rounds.js';
import { TestApp, TEST_SECRET } from '../support/test-app.js';
import { TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

/** Connections from PgBouncer to the server. */
const SERVER_CONNECTIONS = 3;
/** The statement timeout of the database role, far below the application's own. */
const STATEMENT_TIMEOUT_MS = 6_000;

if (!PgBouncer.isInstalled) console.warn('PgBouncer is not installed. Its tests are skipped.');
const suite = PgBouncer.isInstalled ? describe : describe.skip;

suite('behind PgBouncer in transaction mode', () => {
  let database: TestDatabase;
  let bouncer: PgBouncer;
  let mailServer: MailServer;
  let instances: [TestApp, TestApp];

  beforeAll(async () => {
    database = await TestDatabase.create();
    const role = `ALTER ROLE CURRENT_USER IN DATABASE ${new URL(database.url).pathname.slice(1)}`;
    await database.query(`${role} SET statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
    await database.query(`${role} SET idle_in_transaction_session_timeout = ${STATEMENT_TIMEOUT_MS + 1_000}`);
    bouncer = await PgBouncer.start(database.url, { default_pool_size: String(SERVER_CONNECTIONS) });
    mailServer = await MailServer.start();
    instances = await TestApp.startTwo({
      database,
      env: {
        DATABASE_URL: bouncer.url,
        DB_PREPARED_STATEMENTS: 'false',
        DB_STATEMENT_TIMEOUT: '1m',
        SMTP_URL: mailServer.url,
        PRUNE_INTERVAL: '1h',
        RATE_LIMIT_ENABLED: 'true',
        RATE_LIMIT_LOGIN_ADDRESS: '1000/15m',
        RATE_LIMIT_LOGIN_ACCOUNT: '10/15m',
        RATE_LIMIT_REGISTER_ADDRESS: '1000/1h',
        RATE_LIMIT_REGISTER_ACCOUNT: '1000/1h',
        RATE_LIMIT_REFRESH_ADDRESS: '1000/15m',
        RATE_LIMIT_REFRESH_ACCOUNT: '1000/15m',
      },
    });
  });
  afterAll(async () => {
    for (const instance of instances) await instance.close();
    await mailServer.close();
    await bouncer.stop();
    await database.drop();
  });

  const both = <T>(times: number, act: (instance: TestApp, time: number) => PromiseLike<T>): Promise<T[]> =>
    Promise.all(Array.from({ length: times }, (_, time) => act(instances[time % 2] ?? instances[0], time)));
  const countOf = (statuses: readonly number[], status: number) => statuses.filter((it) => it === status).length;
  const connectionsWhere = (condition: string) =>
    database.query(`SELECT pid FROM pg_stat_activity
                     WHERE datname = current_database() AND pid <> pg_backend_pid() AND ${condition}`);

  it('serves sign-ins and guarded requests over more connections than the server has', async () => {
    const people = await both(12, async (instance) => signIn(instance, await buildUser(instance)));
    const statuses = await both(
      600,
      async (instance, time) =>
        (
          await instance
            .as(people[time % people.length]?.accessToken ?? '')
            .get(time % 3 === 0 ? '/sessions' : '/users/me')
        ).status,
    );
    expect(countOf(statuses, 200)).toBe(600);
    const clients = instances.reduce((sum, { app }) => sum + app.get(Database).pool().total, 0);
    expect(clients).toBeGreaterThan(SERVER_CONNECTIONS);
    expect((await connectionsWhere(`application_name = 'gatehouse'`)).length).toBeLessThanOrEqual(SERVER_CONNECTIONS);
  });

  it('accepts one of 40 parallel registrations of one email', async () => {
    const body = { email: 'ada@example.com', password: 'seven lanterns at dusk' };
    const statuses = await both(
      40,
      async (instance) => (await instance.request.post('/auth/register').send(body)).status,
    );
    expect([countOf(statuses, 201), countOf(statuses, 409)]).toEqual([1, 39]);
  });

  it('gives 20 parallel refreshes of one token one successor', async () => {
    const ada = await buildSignedIn(instances[0]);
    const { refreshToken } = ada;
    const answers = await both(20, (instance) => instance.request.post('/auth/refresh').send({ refreshToken }));
    const successors = answers.flatMap(({ status, body }) => (status === 200 ? [body.refreshToken as string] : []));
    expect(new Set(successors).size).toBe(1);
    const rows = await database.query('SELECT refresh_counter FROM sessions WHERE id = $1', [ada.sessionId]);
    expect(rows).toEqual([{ refresh_counter: 1 }]);
  });

  it('rejects a revoked session on the next request on both instances', async () => {
    const ada = await buildUser(instances[0]);
    for (let round = 0; round < rounds(10, 100); round += 1) {
      const { accessToken } = await signIn(instances[0], ada);
      await instances[1].as(accessToken).post('/auth/logout').expect(204);
      const statuses = await both(4, async (instance) => (await instance.as(accessToken).get('/users/me')).status);
      expect(statuses).toEqual([401, 401, 401, 401]);
    }
  });

  it('counts failed sign-ins exactly', async () => {
    const { email } = await buildUser(instances[0]);
    const body = { email, password: 'wrong lanterns at dawn' };
    const statuses = await both(60, async (instance) => (await instance.request.post('/auth/login').send(body)).status);
    expect([countOf(statuses, 401), countOf(statuses, 429)]).toEqual([10, 50]);
  });

  it('sends each mail once', async () => {
    const recipients = Array.from({ length: 30 }, (_, i) => `reader-${i}@example.com`);
    await both(30, (instance, time) => postMail(instance, recipients[time] ?? ''));
    for (const recipient of recipients) await mailServer.next(recipient);
    const waiting = 'SELECT 1 FROM mails WHERE sent_at IS NULL';
    await until('all mails are recorded as sent', async () => (await database.query(waiting)).length === 0);
    expect(recipients.map((recipient) => mailServer.to(recipient).length)).toEqual(recipients.map(() => 1));
  });

  it('lets one instance prune for both', async () => {
    const { id: userId } = await buildUser(instances[0]);
    await insertSessions(database, { userId, idle: '-31 days', absolute: '-31 days', count: 5 });
    await both(2, ({ app }) => app.get(UpkeepService).pruneIfDue());
    expect(await database.query('SELECT 1 FROM sessions WHERE user_id = $1', [userId])).toEqual([]);
    await insertSessions(database, { userId, idle: '-31 days', absolute: '-31 days', count: 1 });
    await both(2, ({ app }) => app.get(UpkeepService).pruneIfDue());
    expect(await database.query('SELECT 1 FROM sessions WHERE user_id = $1', [userId])).toHaveLength(1);
  });

  it('takes the statement timeout from the database role', async () => {
    const ada = await buildSignedIn(instances[0]);
    await database.query('BEGIN');
    await database.query('LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE');
    const start = performance.now();
    const { status } = await instances[0].as(ada.accessToken).get('/users/me');
    const duration = performance.now() - start;
    const left = await connectionsWhere(`wait_event_type = 'Lock'`);
    await database.query('ROLLBACK');
    expect(status).toBe(503);
    expect(duration).toBeGreaterThan(STATEMENT_TIMEOUT_MS - 100);
    expect(duration).toBeLessThan(25_000);
    expect(left).toEqual([]);
    expect(await bouncer.query('SHOW statement_timeout')).toEqual([{ statement_timeout: '6s' }]);
    expect(await bouncer.query('SHOW idle_in_transaction_session_timeout')).toEqual([
      { idle_in_transaction_session_timeout: '7s' },
    ]);
  });

  // Last, because a command in this process replaces the logger.
  it('is recognized by the doctor, with the loss of prepared statements', async () => {
    const env = { NODE_ENV: 'production', JWT_SECRET: TEST_SECRET, DATABASE_URL: bouncer.url, PORT: '0' };
    const { stdout } = await runCommand(['doctor'], { ...env, DB_PREPARED_STATEMENTS: 'true' });
    expect(stdout).toMatch(/^ok .* behind a pooler, /m);
    expect(stdout).toMatch(/^problem .* The pooler loses prepared statements\. Set DB_PREPARED_STATEMENTS=false/m);
    expect(stdout).not.toContain('statement_timeout');
    const { stdout: fixed } = await runCommand(['doctor'], { ...env, DB_PREPARED_STATEMENTS: 'false' });
    expect(fixed).not.toContain('problem ');
  });
});

suite('behind a misconfigured PgBouncer', () => {
  const log = new LogLines();
  let database: TestDatabase;
  beforeAll(async () => (database = await TestDatabase.create()));
  beforeEach(() => log.clear());
  afterAll(() => database.drop());

  /** Runs `act` with two instances behind a PgBouncer with these settings. */
  async function behind(
    settings: Readonly<Record<string, string>>,
    env: Readonly<Record<string, string>>,
    act: (instances: readonly [TestApp, TestApp], bouncer: PgBouncer) => Promise<void>,
  ): Promise<void> {
    const bouncer = await PgBouncer.start(database.url, settings);
    const instances = await TestApp.startTwo({ database, log, env: { DATABASE_URL: bouncer.url, ...env } });
    try {
      await act(instances, bouncer);
    } finally {
      for (const instance of instances) await instance.close();
      await bouncer.stop();
    }
  }

  it('requests succeed without prepared statements, and the log names the setting', async () => {
    await behind({ default_pool_size: '1' }, { DB_PREPARED_STATEMENTS: 'true' }, async ([first, second], bouncer) => {
      const ada = await buildSignedIn(first);
      await first.as(ada.accessToken).get('/users/me').expect(200);
      await second.as(ada.accessToken).get('/users/me').expect(200);
      expect(log.text).toContain(`prepared statement \\"find_sessions_for_guard\\" already exists`);
      await bouncer.query('DEALLOCATE find_sessions_for_guard');
      await first.as(ada.accessToken).get('/users/me').expect(200);
      expect(log.text).toContain(`prepared statement \\"find_sessions_for_guard\\" does not exist`);
      expect(log.text.match(/set DB_PREPARED_STATEMENTS=false/g)).toHaveLength(2);
    });
  });

  it('a session is not judged by a read-only server that PgBouncer reports as writable', async () => {
    await behind({}, { DB_PREPARED_STATEMENTS: 'false' }, async ([app]) => {
      const ada = await buildSignedIn(app);
      await app.as(ada.accessToken).get('/users/me').expect(200);
      const name = new URL(database.url).pathname.slice(1);
      await database.query(`ALTER DATABASE ${name} SET default_transaction_read_only = on`);
      await database.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                             WHERE datname = current_database() AND pid <> pg_backend_pid()`);
      const ownSession = await app.as(ada.accessToken).get('/users/me');
      await database.query('DELETE FROM sessions WHERE id = $1', [ada.sessionId]);
      const unknownSession = await app.as(ada.accessToken).get('/users/me');
      const refresh = await app.request.post('/auth/refresh').send({ refreshToken: ada.refreshToken });
      await database.query(`ALTER DATABASE ${name} RESET default_transaction_read_only`);
      expect([ownSession.status, unknownSession.status, refresh.status]).toEqual([503, 503, 503]);
      expect(log.text).toContain('read-only');
    });
  });

  it('a request that waits too long for a server connection gets 503', async () => {
    const settings = { default_pool_size: '1', query_wait_timeout: '4' };
    await behind(settings, { DB_PREPARED_STATEMENTS: 'false' }, async ([first], bouncer) => {
      const ada = await buildSignedIn(first);
      await bouncer.whileHeld(() => first.as(ada.accessToken).get('/users/me').expect(503));
      expect(log.text).toContain('query_wait_timeout');
      await first.as(ada.accessToken).get('/users/me').expect(200);
    });
  });

  it('requests without ignore_startup_parameters succeed, and the log says what to set', async () => {
    await behind({ ignore_startup_parameters: '' }, { DB_PREPARED_STATEMENTS: 'false' }, async ([first]) => {
      const ada = await buildSignedIn(first);
      await first.as(ada.accessToken).get('/users/me').expect(200);
      await first.request.get('/health/ready').expect(200);
      expect(log.text.match(/rejects timeouts as startup parameters/g)).toHaveLength(1);
    });
  });
});
