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
  /** A refresh token of Ada that was rotated twice. */
  readonly usedToken: string;
  /** The tokens in Ada's mails. */
  readonly resetToken: string;
  readonly verificationToken: string;
  readonly changeToken: string;
  readonly invitationToken: string;
  readonly notMeToken: string;
}
type Send = (app: TestApp, users: Users) => PromiseLike<{ status: number }>;

const later = () => new Date(Date.now() + 3_600_000).toISOString();

const actions: readonly [string, Send][] = [
  [
    'registration',
    ({ request }) => request.post('/auth/register').send({ email: 'new@example.com', password: NEW_PASSWORD }),
  ],
  ['sign-in', ({ request }, { ada: { email, password } }) => request.post('/auth/login').send({ email, password })],
  ['sign-out', (own, { ada }) => own.as(ada.accessToken).post('/auth/logout')],
  ['revoking an own session', (own, { ada, phone }) => own.as(ada.accessToken).delete(`/sessions/${phone.sessionId}`)],
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
      own.as(ada.accessToken).post('/auth/password').send({ currentPassword: ada.password, newPassword: NEW_PASSWORD }),
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
  ['deleting a user as an admin', (own, { root, ada }) => own.as(root.accessToken).delete(`/admin/users/${ada.id}`)],
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
  [
    'using a refresh token twice',
    ({ request }, { usedToken }) => request.post('/auth/refresh').send({ refreshToken: usedToken }),
  ],
  [
    'requesting a password reset',
    ({ request }, { ada: { email } }) => request.post('/auth/password/forgot').send({ email }),
  ],
  [
    'resetting a password',
    ({ request }, { resetToken }) =>
      request.post('/auth/password/reset').send({ token: resetToken, newPassword: NEW_PASSWORD }),
  ],
  ['requesting an email verification', (own, { ada }) => own.as(ada.accessToken).post('/auth/email/verification')],
  [
    'verifying an email',
    ({ request }, { verificationToken }) => request.post('/auth/email/verify').send({ token: verificationToken }),
  ],
  [
    'accepting an invitation',
    ({ request }, { invitationToken }) =>
      request.post('/auth/invitation/accept').send({ token: invitationToken, password: NEW_PASSWORD }),
  ],
  [
    'requesting a change of the email',
    (own, { ada }) => own.as(ada.accessToken).post('/users/me/email').send({ email: 'new@example.com' }),
  ],
  [
    'changing the email',
    ({ request }, { changeToken }) => request.post('/auth/email/change').send({ token: changeToken }),
  ],
  [
    'changing an email as an admin',
    (own, { root, ada }) => own.as(root.accessToken).patch(`/admin/users/${ada.id}`).send({ email: 'new@example.com' }),
  ],
  ['reporting "not me"', ({ request }, { notMeToken }) => request.post('/auth/not-me').send({ token: notMeToken })],
];

describe('an audited action', () => {
  let app: TestApp;
  let users: Users;
  beforeAll(async () => {
    app = await TestApp.start();
    const root = await buildSignedIn(app, 'admin');
    const ada = await buildSignedIn(app);
    const { refreshToken: usedToken } = await signIn(app, ada, 'tablet');
    let refreshToken = usedToken;
    for (let i = 0; i < 2; i += 1) {
      refreshToken = (await app.request.post('/auth/refresh').send({ refreshToken }).expect(200)).body.refreshToken;
    }
    users = {
      root,
      ada,
      phone: await signIn(app, ada, 'phone'),
      usedToken,
      resetToken: await issueToken(app, 'password_reset', ada),
      verificationToken: await issueToken(app, 'email_verification', ada),
      invitationToken: await issueToken(app, 'invitation', ada),
      changeToken: await issueToken(app, 'email_change', ada, 'new@example.com'),
      notMeToken: await issueToken(app, 'not_me', ada),
    };
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
        'failed sign-in',
        ({ request }, { ada: { email } }) => request.post('/auth/login').send({ email, password: 'not it' }),
      ],
      ...actions,
    ])('%s', async (_, send) => {
      const before = await state();
      const { status } = await send(app, users);
      expect(status).toBe(500);
      expect(await state()).toEqual(before);
    });
  });

  describe('leaves no audit event if it cannot be committed', () => {
    const tables = ['users', 'sessions', 'one_time_tokens', 'mails'];
    beforeAll(async () => {
      for (const table of tables) {
        await app.database.query(`
          CREATE CONSTRAINT TRIGGER reject AFTER INSERT OR UPDATE OR DELETE ON ${table}
            DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION reject()`);
      }
    });
    afterAll(async () => {
      for (const table of tables) await app.database.query(`DROP TRIGGER reject ON ${table}`);
    });

    it.each(actions)('%s', async (_, send) => {
      const before = [await auditRows(app.database), await state()];
      const { status } = await send(app, users);
      expect(status).toBe(500);
      expect([await auditRows(app.database), await state()]).toEqual(before);
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
