import type { Response } from 'supertest';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { issueToken } from '../support/one-time-tokens.js';
import { TestApp } from '../support/test-app.js';

const NEW_PASSWORD = 'nine candles before dawn';
const OTHER_PASSWORD = 'ten kettles by the river';

describe('two requests that change the same account', () => {
  let app: TestApp;
  let other: TestApp;
  let admin: SignedIn;
  beforeAll(async () => {
    [app, other] = await TestApp.startTwo({ env: { DB_STATEMENT_TIMEOUT: '1m' } });
    admin = await buildSignedIn(app, 'admin');
  });
  afterAll(() => app.close());

  type Send = (ada: SignedIn) => PromiseLike<Response>;
  const login = async ({ email }: SignedIn, password: string) =>
    app.request.post('/auth/login').send({ email, password });
  const signIn: Send = (ada) => login(ada, ada.password);
  const change: Send = ({ accessToken, password: currentPassword }) =>
    app.as(accessToken).post('/auth/password').send({ currentPassword, newPassword: OTHER_PASSWORD });
  const reset: Send = async (ada) => {
    const token = await issueToken(other, 'password_reset', ada);
    return other.request.post('/auth/password/reset').send({ token, newPassword: NEW_PASSWORD });
  };
  const report: Send = async (ada) =>
    other.request.post('/auth/not-me').send({ token: await issueToken(other, 'not_me', ada) });
  const deactivate: Send = ({ id }) =>
    other.as(admin.accessToken).patch(`/admin/users/${id}`).send({ isActive: false });
  const remove: Send = ({ id }) => other.as(admin.accessToken).delete(`/admin/users/${id}`);

  /** Lets both requests wait for the user's row. They get it in this order. */
  const queue = (ada: SignedIn, first: Send, second: Send): Promise<[Response, Response]> =>
    app.database.queue(
      `SELECT FROM users WHERE id = '${ada.id}' FOR NO KEY UPDATE`,
      () => first(ada),
      () => second(ada),
    );
  /** The statuses that the tokens of a session get. */
  const statusesOf = async ({ accessToken, refreshToken }: SignedIn) => {
    const { status } = await app.as(accessToken).get('/users/me');
    return [status, (await other.request.post('/auth/refresh').send({ refreshToken })).status];
  };

  const changes: readonly [what: string, change: Send][] = [
    ['a password change', change],
    ['a password reset', reset],
    ['a "not me" report', report],
    ['a deactivation', deactivate],
    ['a deletion', remove],
  ];

  it.each(changes)('%s that comes first makes a sign-in with the old password fail', async (_, send) => {
    const ada = await buildSignedIn(app);
    const [changed, signedIn] = await queue(ada, send, signIn);
    expect(changed.ok).toBe(true);
    expectProblem(signedIn, 401, 'invalid_credentials');
  });

  it.each(changes)('%s that comes second revokes the session of the sign-in', async (_, send) => {
    const ada = await buildSignedIn(app);
    const [signedIn, changed] = await queue(ada, signIn, send);
    expect([signedIn.status, changed.ok]).toEqual([200, true]);
    expect(await statusesOf(signedIn.body as SignedIn)).toEqual([401, 401]);
  });

  const losers: readonly [second: string, first: string, sends: readonly [Send, Send], failure: [number, string]][] = [
    ['a change', 'a change', [change, change], [401, 'invalid_credentials']],
    ['a change', 'a reset', [reset, change], [401, 'session_revoked']],
    ['a change', 'a report', [report, change], [401, 'session_revoked']],
    ['a reset', 'a change', [change, reset], [422, 'token_used_or_expired']],
    ['a reset', 'a report', [report, reset], [422, 'token_used_or_expired']],
    ['a report', 'a reset', [reset, report], [422, 'token_used_or_expired']],
  ];

  it.each(losers)('%s that waited for %s fails', async (_second, _first, sends, [status, code]) => {
    const ada = await buildSignedIn(app);
    const [first, second] = await queue(ada, ...sends);
    expect(first.ok).toBe(true);
    expectProblem(second, status, code);
  });

  it('a sign-in that loses a deadlock is retried and creates one session', async () => {
    const ada = await buildSignedIn(app);
    // Unlike a table, a sequence remembers the first attempt after its rollback.
    await app.database.query(
      `CREATE SEQUENCE attempts;
       CREATE FUNCTION fail_first() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN IF nextval('attempts') = 1 THEN RAISE SQLSTATE '40P01'; END IF; RETURN NEW; END $$;
       CREATE TRIGGER fail_first AFTER INSERT ON sessions FOR EACH ROW EXECUTE FUNCTION fail_first()`,
    );
    const { status } = await signIn(ada);
    await app.database.query('DROP FUNCTION fail_first CASCADE');
    const [sequence] = await app.database.query('SELECT last_value::int FROM attempts');
    const sessions = await app.database.query(`SELECT FROM sessions WHERE user_id = '${ada.id}'`);
    expect([status, sequence, sessions.length]).toEqual([200, { last_value: 2 }, 2]);
  });

  it('a report that waited for a change leaves nothing that works', async () => {
    const ada = await buildSignedIn(app);
    const [changed, reported] = await queue(ada, change, report);
    expect([changed.status, reported.status]).toEqual([204, 202]);
    expect(await statusesOf(ada)).toEqual([401, 401]);
    for (const password of [ada.password, OTHER_PASSWORD]) {
      expectProblem(await login(ada, password), 401, 'invalid_credentials');
    }
  });
});
