import { auditEvents, mailKinds } from '../support/account-records.js';
import { buildUser, type BuiltUser } from '../support/builders.js';
import type { DatabaseProxy } from '../support/database-proxy.js';
import { expectProblem } from '../support/expect-problem.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

/** Longer than the work takes on any account. Shorter answers would tell whether there is one. */
const LEAST_DURATION_MS = 100;

describe('POST /auth/password/forgot', () => {
  let direct: TestApp;
  let proxy: DatabaseProxy;
  let app: TestApp;
  beforeAll(async () => {
    direct = await TestApp.start();
    // One connection, so that no second one is opened and counted on the way.
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

  /** Someone known, nobody, and someone inactive. */
  const buildAll = async () => {
    const [known, inactive] = [await buildUser(direct), await buildUser(direct)];
    await direct.database.query('UPDATE users SET is_active = false WHERE id = $1', [inactive.id]);
    return { known, unknown: { ...known, email: `not-${known.email}` }, inactive };
  };

  it('answers the same for an address that is known, unknown, or of an inactive account', async () => {
    const answers = [];
    for (const { email } of Object.values(await buildAll())) {
      const { status, text, headers } = await forgot(email);
      // These two differ with every answer, whoever asks.
      answers.push({ status, text, headers: { ...headers, date: null, 'x-request-id': null } });
    }
    expect(answers[0]).toMatchObject({ status: 202, text: '' });
    expect(answers[1]).toEqual(answers[0]);
    expect(answers[2]).toEqual(answers[0]);
  });

  it('does the same work for an address that is known, unknown, or of an inactive account', async () => {
    const people = await buildAll();
    await forgot(people.known.email).expect(202);
    const statements: Record<string, number> = {};
    for (const [kind, { email }] of Object.entries(people)) {
      proxy.statements = 0;
      await forgot(email).expect(202);
      statements[kind] = proxy.statements;
    }
    expect(statements['known']).toBeGreaterThan(3);
    expect(new Set(Object.values(statements)).size).toBe(1);
  });

  it('takes at least 100 ms for a known, an unknown and an inactive account', async () => {
    const durations: Record<string, number> = {};
    for (const [kind, { email }] of Object.entries(await buildAll())) {
      const begin = performance.now();
      await forgot(email).expect(202);
      durations[kind] = performance.now() - begin;
    }
    expect(Object.entries(durations).filter(([, duration]) => duration < LEAST_DURATION_MS)).toEqual([]);
  });

  it('makes those who ask at once wait for each other, whether there is an account or not', async () => {
    const people = await buildAll();
    const { database } = direct;
    // Of those who wait, who got as far as the record; the others wait for one of them.
    const waiting = async () => {
      await database.query('SELECT pg_stat_clear_snapshot()');
      return database.query<{ at: string | null }>(
        `SELECT relation::regclass::text AS at FROM pg_locks JOIN pg_stat_activity USING (pid)
          WHERE NOT granted AND datname = current_database()`,
      );
    };
    for (const { email } of Object.values(people)) {
      await database.query('BEGIN');
      await database.query('LOCK TABLE audit_events IN EXCLUSIVE MODE');
      const answers = [1, 2, 3].map(() => direct.request.post('/auth/password/forgot').send({ email }).expect(202));
      const done = Promise.all(answers);
      try {
        await until('all three wait', async () => (await waiting()).length === 3);
        expect((await waiting()).filter(({ at }) => at === 'audit_events')).toHaveLength(1);
      } finally {
        await database.query('COMMIT');
        await done;
      }
    }
  });

  it('mails a link to the owner of an active account, and to nobody else', async () => {
    const { known, unknown, inactive } = await buildAll();
    for (const { email } of [known, unknown, inactive]) await forgot(email).expect(202);
    expect(await resetMails(known)).toHaveLength(1);
    expect(await resetMails(unknown)).toHaveLength(0);
    expect(await resetMails(inactive)).toHaveLength(0);
    expect(await resetTokens(inactive)).toHaveLength(0);
  });

  it('is recorded once, whoever is asked for', async () => {
    const { known, ...others } = await buildAll();
    const all = () => direct.database.query(`SELECT user_id FROM audit_events WHERE type = 'password_reset_requested'`);
    const before = await all();
    for (const { email } of [known, ...Object.values(others)]) await forgot(email).expect(202);
    expect(await auditEvents(direct, known, 'password_reset_requested')).toHaveLength(1);
    expect(await all()).toHaveLength(before.length + 3);
  });

  it.each([
    ['in capitals', (email: string) => email.toUpperCase()],
    ['with blanks around it', (email: string) => `\t${email} `],
  ])('finds an address %s', async (_, variant) => {
    const ada = await buildUser(direct);
    await forgot(variant(ada.email)).expect(202);
    expect(await resetMails(ada)).toHaveLength(1);
  });

  it('makes the older link void', async () => {
    const ada = await buildUser(direct);
    await forgot(ada.email).expect(202);
    const [older] = await resetTokens(ada);
    await forgot(ada.email).expect(202);
    const tokens = await resetTokens(ada);
    expect(tokens).toHaveLength(1);
    expect(tokens[0]?.hash).not.toEqual(older?.hash);
  });

  it('leaves one link that works, however many ask at once', async () => {
    const ada = await buildUser(direct);
    const answers = await Promise.all(
      Array.from({ length: 20 }, () => direct.request.post('/auth/password/forgot').send({ email: ada.email })),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([202]));
    expect(await resetTokens(ada)).toHaveLength(1);
  });

  it.each(['ada', '', 'ada@', 7, null])('refuses what is no address: %j', async (email) => {
    expectProblem(await app.request.post('/auth/password/forgot').send({ email }), 400, 'validation_failed');
  });
});
