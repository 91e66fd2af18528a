import { auditEvents, mailKinds } from '../support/account-records.js';
import { buildUser, type BuiltUser } from '../support/builders.js';
import type { DatabaseProxy } from '../support/database-proxy.js';
import { expectProblem } from '../support/expect-problem.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

/** The minimum duration of a response. It hides whether the account exists. */
const MIN_DURATION_MS = 100;

describe('POST /auth/password/forgot', () => {
  let direct: TestApp;
  let proxy: DatabaseProxy;
  let app: TestApp;
  beforeAll(async () => {
    direct = await TestApp.start();
    // One connection, because opening a second one would add to the count.
    [app, proxy] = await TestApp.startProxied(direct, { env: { DB_POOL_MAX: '1' } });
  });
  afterAll(async () => {
    await app.close();
    await direct.close();
  });

  const forgot = (email: string) => app.request.post('/auth/password/forgot').send({ email });
  const resetTokens = ({ id }: BuiltUser) =>
    app.database.query<{ hash: Buffer }>(
      `SELECT hash FROM one_time_tokens WHERE user_id = $1 AND purpose = 'password_reset'`,
      [id],
    );
  const resetMails = async (user: BuiltUser) =>
    (await mailKinds(direct, user)).filter((kind) => kind === 'reset_password');

  /** Returns an active, a missing and an inactive account. */
  const buildAccounts = async () => {
    const [known, inactive] = [await buildUser(direct), await buildUser(direct)];
    await direct.database.query('UPDATE users SET is_active = false WHERE id = $1', [inactive.id]);
    return { known, unknown: { ...known, email: `not-${known.email}` }, inactive };
  };

  it('returns the same response for known, unknown and inactive accounts', async () => {
    const answers = [];
    for (const { email } of Object.values(await buildAccounts())) {
      const { status, text, headers } = await forgot(email);
      // These two headers differ in every response.
      answers.push({ status, text, headers: { ...headers, date: null, 'x-request-id': null } });
    }
    expect(answers[0]).toMatchObject({ status: 202, text: '' });
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  it('runs the same number of statements for known, unknown and inactive accounts', async () => {
    const accounts = await buildAccounts();
    await forgot(accounts.known.email).expect(202);
    const statements: Record<string, number> = {};
    for (const [kind, { email }] of Object.entries(accounts)) {
      proxy.statements = 0;
      await forgot(email).expect(202);
      statements[kind] = proxy.statements;
    }
    expect(statements['known']).toBeGreaterThan(3);
    expect(new Set(Object.values(statements)).size).toBe(1);
  });

  it('takes at least 100 ms for known, unknown and inactive accounts', async () => {
    const durations: Record<string, number> = {};
    for (const [kind, { email }] of Object.entries(await buildAccounts())) {
      const begin = performance.now();
      await forgot(email).expect(202);
      durations[kind] = performance.now() - begin;
    }
    expect(Object.entries(durations).filter(([, duration]) => duration < MIN_DURATION_MS)).toEqual([]);
  });

  it('makes concurrent requests for an email wait, whether or not the account exists', async () => {
    const accounts = await buildAccounts();
    const { database } = direct;
    // One request waits for the audit table. The others wait for that request.
    const waiting = async () => {
      await database.query('SELECT pg_stat_clear_snapshot()');
      return database.query<{ at: string | null }>(
        `SELECT relation::regclass::text AS at FROM pg_locks JOIN pg_stat_activity USING (pid)
          WHERE NOT granted AND datname = current_database()`,
      );
    };
    for (const { email } of Object.values(accounts)) {
      await database.query('BEGIN');
      await database.query('LOCK TABLE audit_events IN EXCLUSIVE MODE');
      const answers = [1, 2, 3].map(() => direct.request.post('/auth/password/forgot').send({ email }).expect(202));
      const done = Promise.all(answers);
      try {
        await until('all three requests wait', async () => (await waiting()).length === 3);
        expect((await waiting()).filter(({ at }) => at === 'audit_events')).toHaveLength(1);
      } finally {
        await database.query('COMMIT');
        await done;
      }
    }
  });

  it('sends a link only if the account is active', async () => {
    const { known, unknown, inactive } = await buildAccounts();
    for (const { email } of [known, unknown, inactive]) await forgot(email).expect(202);
    expect(await resetMails(known)).toHaveLength(1);
    expect(await resetMails(unknown)).toHaveLength(0);
    expect(await resetMails(inactive)).toHaveLength(0);
    expect(await resetTokens(inactive)).toHaveLength(0);
  });

  it('records one audit event per request, whether or not the account exists', async () => {
    const { known, ...others } = await buildAccounts();
    const all = () => direct.database.query(`SELECT user_id FROM audit_events WHERE type = 'password_reset_requested'`);
    const before = await all();
    for (const { email } of [known, ...Object.values(others)]) await forgot(email).expect(202);
    expect(await auditEvents(direct, known, 'password_reset_requested')).toHaveLength(1);
    expect(await all()).toHaveLength(before.length + 3);
  });

  it.each([
    ['in upper case', (email: string) => email.toUpperCase()],
    ['with surrounding white space', (email: string) => `\t${email} `],
  ])('accepts an email address %s', async (_, variant) => {
    const ada = await buildUser(direct);
    await forgot(variant(ada.email)).expect(202);
    expect(await resetMails(ada)).toHaveLength(1);
  });

  it('voids the previous link', async () => {
    const ada = await buildUser(direct);
    await forgot(ada.email).expect(202);
    const [older] = await resetTokens(ada);
    await forgot(ada.email).expect(202);
    const tokens = await resetTokens(ada);
    expect(tokens).toHaveLength(1);
    expect(tokens[0]?.hash).not.toEqual(older?.hash);
  });

  it('leaves one valid link after 20 concurrent requests', async () => {
    const ada = await buildUser(direct);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => direct.request.post('/auth/password/forgot').send({ email: ada.email })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(await resetTokens(ada)).toHaveLength(1);
  });

  it.each(['ada', '', 'ada@', 7, null])('rejects an invalid email address: %j', async (email) => {
    expectProblem(await app.request.post('/auth/password/forgot').send({ email }), 400, 'validation_failed');
  });
});
