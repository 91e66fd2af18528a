import { auditRows } from '../support/audit-rows.js';
import { buildSignedIn, signIn, type SignedIn } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { issueToken } from '../support/one-time-tokens.js';
import { TestApp } from '../support/test-app.js';

const NEW_PASSWORD = 'a lighthouse of turnips';

interface People {
  readonly root: SignedIn;
  readonly ada: SignedIn;
  readonly phone: SignedIn;
}
type Send = (app: TestApp, people: People) => PromiseLike<{ status: number }>;

const later = () => new Date(Date.now() + 3_600_000).toISOString();

describe('a change and its record', () => {
  let app: TestApp;
  let people: People;
  beforeAll(async () => {
    app = await TestApp.start();
    const root = await buildSignedIn(app, 'admin');
    const ada = await buildSignedIn(app);
    people = { root, ada, phone: await signIn(app, ada, 'phone') };
    await app.database.query(`
      CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE 'no more room'; END $$`);
  });
  afterAll(() => app.close());

  /** All that flows change, but for what changes by itself. */
  const state = () =>
    app.database.query(`
      SELECT to_jsonb(u)::text AS row FROM users u
      UNION ALL SELECT (to_jsonb(s) - 'last_seen_at')::text FROM sessions s
      UNION ALL SELECT to_jsonb(t)::text FROM one_time_tokens t
      UNION ALL SELECT m.id::text FROM mails m
      ORDER BY 1`);

  describe('stand and fall together: where nothing can be written down', () => {
    beforeAll(() =>
      app.database.query('CREATE TRIGGER refuse BEFORE INSERT ON audit_events EXECUTE FUNCTION refuse()'),
    );
    afterAll(() => app.database.query('DROP TRIGGER refuse ON audit_events'));

    it.each<[string, Send]>([
      [
        'nobody registers',
        ({ request }) => request.post('/auth/register').send({ email: 'new@example.com', password: NEW_PASSWORD }),
      ],
      [
        'nobody signs in',
        ({ request }, { ada: { email, password } }) => request.post('/auth/login').send({ email, password }),
      ],
      [
        'a failed sign-in is no 401',
        ({ request }, { ada: { email } }) => request.post('/auth/login').send({ email, password: 'not it' }),
      ],
      ['nobody signs out', (own, { ada }) => own.as(ada.accessToken).post('/auth/logout')],
      [
        'no session of one’s own is ended',
        (own, { ada, phone }) => own.as(ada.accessToken).delete(`/sessions/${phone.sessionId}`),
      ],
      ['no other sessions are ended', (own, { ada }) => own.as(ada.accessToken).delete('/sessions?scope=others')],
      ['not all sessions are ended', (own, { ada }) => own.as(ada.accessToken).delete('/sessions?scope=all')],
      ['nobody changes their name', (own, { ada }) => own.as(ada.accessToken).patch('/users/me').send({ name: 'Ada' })],
      [
        'nobody deletes their account',
        (own, { ada }) => own.as(ada.accessToken).delete('/users/me').send({ password: ada.password }),
      ],
      [
        'nobody changes their password',
        (own, { ada }) =>
          own
            .as(ada.accessToken)
            .post('/auth/password')
            .send({ currentPassword: ada.password, newPassword: NEW_PASSWORD }),
      ],
      [
        'no admin creates anybody',
        (own, { root }) =>
          own.as(root.accessToken).post('/admin/users').send({ email: 'new@example.com', password: NEW_PASSWORD }),
      ],
      [
        'no admin makes an admin',
        (own, { root, ada }) => own.as(root.accessToken).patch(`/admin/users/${ada.id}`).send({ role: 'admin' }),
      ],
      [
        'no admin deactivates anybody',
        (own, { root, ada }) => own.as(root.accessToken).patch(`/admin/users/${ada.id}`).send({ isActive: false }),
      ],
      ['no admin deletes anybody', (own, { root, ada }) => own.as(root.accessToken).delete(`/admin/users/${ada.id}`)],
      [
        'no admin ends a session',
        (own, { root, phone }) => own.as(root.accessToken).delete(`/admin/sessions/${phone.sessionId}`),
      ],
      [
        'no admin ends many sessions',
        (own, { root, ada }) => own.as(root.accessToken).post('/admin/sessions/revoke').send({ userId: ada.id }),
      ],
      [
        'no admin lets a session expire',
        (own, { root, phone }) =>
          own.as(root.accessToken).patch(`/admin/sessions/${phone.sessionId}`).send({ expiresAt: later() }),
      ],
    ])('%s', async (_, send) => {
      const before = await state();
      const { status } = await send(app, people);
      expect(status).toBe(500);
      expect(await state()).toEqual(before);
    });

    it('no forgotten password is replaced, and the link still works', async () => {
      const token = await issueToken(app, 'password_reset', people.ada);
      const before = await state();
      const { status } = await app.request.post('/auth/password/reset').send({ token, newPassword: NEW_PASSWORD });
      expect(status).toBe(500);
      expect(await state()).toEqual(before);
    });
  });

  it('a failed sign-in that cannot be written down, because the database goes away meanwhile, is 503', async () => {
    const [second, proxy] = await TestApp.startProxied(app);
    await second.request.get('/health/db').expect(200);
    // The first statement looks for the user.
    proxy.statements = 0;
    proxy.onStatement = () => {
      if (proxy.statements > 1) proxy.cut();
    };
    const { email } = people.ada;
    const answer = await second.request.post('/auth/login').send({ email, password: 'not it' });
    expectProblem(answer, 503, 'database_unavailable');
    await second.close();
  });

  it.each<[string, number, Send]>([
    [
      'a taken address',
      409,
      ({ request }, { ada: { email } }) => request.post('/auth/register').send({ email, password: NEW_PASSWORD }),
    ],
    [
      'the last admin',
      409,
      (own, { root }) => own.as(root.accessToken).patch(`/admin/users/${root.id}`).send({ role: 'user' }),
    ],
    [
      'an end later than the present one',
      400,
      (own, { root, phone }) =>
        own
          .as(root.accessToken)
          .patch(`/admin/sessions/${phone.sessionId}`)
          .send({ expiresAt: '2999-01-01T00:00:00Z' }),
    ],
    [
      'someone else’s session',
      404,
      (own, { root, phone }) => own.as(phone.accessToken).delete(`/sessions/${root.sessionId}`),
    ],
  ])('what is not done leaves no record: %s', async (_, expected, send) => {
    const before = await auditRows(app.database);
    const { status } = await send(app, people);
    expect(status).toBe(expected);
    expect(await auditRows(app.database)).toEqual(before);
  });
});
