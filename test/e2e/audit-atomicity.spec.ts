import { auditRows } from '../support/audit-rows.js';
import { buildSignedIn, signIn, type SignedIn } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { issueToken } from '../support/one-time-tokens.js';
import { TestApp } from '../support/test-app.js';

const NEW_PASSWORD = 'a lighthouse of turnips';

interface Users {
  readonly root: SignedIn;
  readonly ada: SignedIn;
  readonly phone: SignedIn;
}
type Send = (app: TestApp, users: Users) => PromiseLike<{ status: number }>;

const later = () => new Date(Date.now() + 3_600_000).toISOString();

describe('an audited action', () => {
  let app: TestApp;
  let users: Users;
  beforeAll(async () => {
    app = await TestApp.start();
    const root = await buildSignedIn(app, 'admin');
    const ada = await buildSignedIn(app);
    users = { root, ada, phone: await signIn(app, ada, 'phone') };
    await app.database.query(`
      CREATE FUNCTION reject() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no more room'; END $$`);
  });
  afterAll(() => app.close());

  /** Returns all data that the actions can change, except timestamps that any request changes. */
  const state = () =>
    app.database.query(`
      SELECT to_jsonb(u)::text AS row FROM users u
      UNION ALL SELECT (to_jsonb(s) - 'last_seen_at')::text FROM sessions s
      UNION ALL SELECT to_jsonb(t)::text FROM one_time_tokens t
      UNION ALL SELECT m.id::text FROM mails m
      ORDER BY 1`);

  describe('fails if its audit event cannot be written', () => {
    beforeAll(() =>
      app.database.query('CREATE TRIGGER reject BEFORE INSERT ON audit_events EXECUTE FUNCTION reject()'),
    );
    afterAll(() => app.database.query('DROP TRIGGER reject ON audit_events'));

    it.each<[string, Send]>([
      [
        'registration',
        ({ request }) => request.post('/auth/register').send({ email: 'new@example.com', password: NEW_PASSWORD }),
      ],
      ['sign-in', ({ request }, { ada: { email, password } }) => request.post('/auth/login').send({ email, password })],
      [
        'failed sign-in',
        ({ request }, { ada: { email } }) => request.post('/auth/login').send({ email, password: 'not it' }),
      ],
      ['sign-out', (own, { ada }) => own.as(ada.accessToken).post('/auth/logout')],
      [
        'revoking an own session',
        (own, { ada, phone }) => own.as(ada.accessToken).delete(`/sessions/${phone.sessionId}`),
      ],
      ['revoking the other sessions', (own, { ada }) => own.as(ada.accessToken).delete('/sessions?scope=others')],
      ['revoking all sessions', (own, { ada }) => own.as(ada.accessToken).delete('/sessions?scope=all')],
      ['changing the name', (own, { ada }) => own.as(ada.accessToken).patch('/users/me').send({ name: 'Ada' })],
      [
        'deleting the own account',
        (own, { ada }) => own.as(ada.accessToken).delete('/users/me').send({ password: ada.password }),
      ],
      [
        'changing the password',
        (own, { ada }) =>
          own
            .as(ada.accessToken)
            .post('/auth/password')
            .send({ currentPassword: ada.password, newPassword: NEW_PASSWORD }),
      ],
      [
        'creating a user as an admin',
        (own, { root }) =>
          own.as(root.accessToken).post('/admin/users').send({ email: 'new@example.com', password: NEW_PASSWORD }),
      ],
      [
        'changing a role as an admin',
        (own, { root, ada }) => own.as(root.accessToken).patch(`/admin/users/${ada.id}`).send({ role: 'admin' }),
      ],
      [
        'deactivating a user as an admin',
        (own, { root, ada }) => own.as(root.accessToken).patch(`/admin/users/${ada.id}`).send({ isActive: false }),
      ],
      [
        'deleting a user as an admin',
        (own, { root, ada }) => own.as(root.accessToken).delete(`/admin/users/${ada.id}`),
      ],
      [
        'revoking a session as an admin',
        (own, { root, phone }) => own.as(root.accessToken).delete(`/admin/sessions/${phone.sessionId}`),
      ],
      [
        'revoking many sessions as an admin',
        (own, { root, ada }) => own.as(root.accessToken).post('/admin/sessions/revoke').send({ userId: ada.id }),
      ],
      [
        'changing the expiry of a session as an admin',
        (own, { root, phone }) =>
          own.as(root.accessToken).patch(`/admin/sessions/${phone.sessionId}`).send({ expiresAt: later() }),
      ],
    ])('%s', async (_, send) => {
      const before = await state();
      const { status } = await send(app, users);
      expect(status).toBe(500);
      expect(await state()).toEqual(before);
    });

    it('resetting a password', async () => {
      const token = await issueToken(app, 'password_reset', users.ada);
      const before = await state();
      const { status } = await app.request.post('/auth/password/reset').send({ token, newPassword: NEW_PASSWORD });
      expect(status).toBe(500);
      expect(await state()).toEqual(before);
    });
  });

  it('returns 503 if the database goes away before a failed sign-in is audited', async () => {
    const [second, proxy] = await TestApp.startProxied(app);
    await second.request.get('/health/db').expect(200);
    // The first statement reads the user.
    proxy.statements = 0;
    proxy.onStatement = () => {
      if (proxy.statements > 1) proxy.cut();
    };
    const { email } = users.ada;
    const answer = await second.request.post('/auth/login').send({ email, password: 'not it' });
    expectProblem(answer, 503, 'database_unavailable');
    await second.close();
  });

  it.each<[string, number, Send]>([
    [
      'a taken email',
      409,
      ({ request }, { ada: { email } }) => request.post('/auth/register').send({ email, password: NEW_PASSWORD }),
    ],
    [
      'the last admin',
      409,
      (own, { root }) => own.as(root.accessToken).patch(`/admin/users/${root.id}`).send({ role: 'user' }),
    ],
    [
      'an expiry later than the current one',
      400,
      (own, { root, phone }) =>
        own
          .as(root.accessToken)
          .patch(`/admin/sessions/${phone.sessionId}`)
          .send({ expiresAt: '2999-01-01T00:00:00Z' }),
    ],
    [
      'the session of another user',
      404,
      (own, { root, phone }) => own.as(phone.accessToken).delete(`/sessions/${root.sessionId}`),
    ],
  ])('writes no audit event if rejected: %s', async (_, expected, send) => {
    const before = await auditRows(app.database);
    const { status } = await send(app, users);
    expect(status).toBe(expected);
    expect(await auditRows(app.database)).toEqual(before);
  });
});
