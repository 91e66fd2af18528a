import { hash } from '../../src/platform/passwords/password-hash.js';
import { auditEvents, mailKinds } from '../support/account-records.js';
import { beforeHashing } from '../support/before-hashing.js';
import { buildSignedIn, buildUser, signIn, type BuiltUser, type SignedIn } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { issueToken } from '../support/one-time-tokens.js';
import { sessionRow } from '../support/session-row.js';
import { TestApp } from '../support/test-app.js';

const NEW_PASSWORD = 'nine candles before dawn';

describe('POST /auth/password', () => {
  let app: TestApp;
  let other: TestApp;
  beforeAll(async () => ([app, other] = await TestApp.startTwo()));
  afterAll(() => app.close());
  afterEach(() => jest.restoreAllMocks());

  const change = (ada: SignedIn, newPassword = NEW_PASSWORD, at = app, currentPassword = ada.password) =>
    at.as(ada.accessToken).post('/auth/password').send({ currentPassword, newPassword });
  const login = ({ email }: BuiltUser, password: string, at = app) =>
    at.request.post('/auth/login').send({ email, password });
  const refresh = (refreshToken: string, at = app) => at.request.post('/auth/refresh').send({ refreshToken });
  const usersRow = ({ id }: BuiltUser) => app.database.query('SELECT * FROM users WHERE id = $1', [id]);

  it('replaces the password', async () => {
    const ada = await buildSignedIn(app);
    const { text } = await change(ada).expect(204);
    expect(text).toBe('');
    await login(ada, NEW_PASSWORD).expect(200);
    expectProblem(await login(ada, ada.password), 401, 'invalid_credentials');
  });

  it('revokes the user’s other sessions and no other user’s sessions', async () => {
    const [ada, eve] = [await buildSignedIn(app), await buildSignedIn(app)];
    const elsewhere = await signIn(app, ada);
    await change(ada).expect(204);
    const answer = await other.as(elsewhere.accessToken).get('/users/me');
    expectProblem(answer, 401, 'session_revoked');
    expect(answer.body.reason).toBe('password_changed');
    expectProblem(await refresh(elsewhere.refreshToken), 401, 'session_revoked');
    expect((await sessionRow(app.database, elsewhere.sessionId)).revoked_by).toBe(ada.id);
    await app.as(eve.accessToken).get('/users/me').expect(200);
  });

  it('keeps the current session and its tokens', async () => {
    const ada = await buildSignedIn(app);
    await change(ada).expect(204);
    await other.as(ada.accessToken).get('/users/me').expect(200);
    const { body } = await refresh(ada.refreshToken).expect(200);
    expect(body.sessionId).toBe(ada.sessionId);
  });

  it('requires the current password', async () => {
    const ada = await buildSignedIn(app);
    const elsewhere = await signIn(app, ada);
    const before = await usersRow(ada);
    const answer = await change(ada, NEW_PASSWORD, app, 'eight lanterns at dawn');
    expectProblem(answer, 401, 'invalid_credentials');
    expect(answer.body.detail).toBe('Incorrect password.');
    expect(await usersRow(ada)).toEqual(before);
    await app.as(elsewhere.accessToken).get('/users/me').expect(200);
  });

  it('rejects the current password as the new one with 422 password_unchanged', async () => {
    const ada = await buildSignedIn(app);
    const before = await usersRow(ada);
    expectProblem(await change(ada, ada.password), 422, 'password_unchanged');
    expect(await usersRow(ada)).toEqual(before);
  });

  it('does not reveal that the new password is the current one', async () => {
    const ada = await buildSignedIn(app);
    const answer = await change(ada, ada.password, app, 'eight lanterns at dawn');
    expectProblem(answer, 401, 'invalid_credentials');
  });

  it.each([
    ['a very common password', () => 'football1'],
    ['the user’s email address', ({ email }: BuiltUser) => email],
  ])('rejects %s with 422 and the reason', async (_, weak) => {
    const ada = await buildSignedIn(app);
    const before = await usersRow(ada);
    const answer = await change(ada, weak(ada));
    expectProblem(answer, 422, 'password_too_weak');
    expect(answer.body.errors).toEqual([
      { pointer: '/newPassword', code: expect.any(String), params: expect.any(Object), message: expect.any(String) },
    ]);
    expect(await usersRow(ada)).toEqual(before);
  });

  it('voids password reset links', async () => {
    const ada = await buildSignedIn(app);
    const token = await issueToken(app, 'password_reset', ada);
    await change(ada).expect(204);
    const answer = await app.request.post('/auth/password/reset').send({ token, newPassword: 'a third password' });
    expectProblem(answer, 422, 'token_used_or_expired');
    await login(ada, NEW_PASSWORD).expect(200);
  });

  it('sends a mail to the user and records an audit event', async () => {
    const ada = await buildSignedIn(app);
    await change(ada).expect(204);
    expect(await mailKinds(app, ada)).toContain('password_changed');
    expect(await auditEvents(app, ada, 'password_changed')).toEqual([
      { outcome: 'success', reason: null, actor_id: ada.id, session_id: ada.sessionId },
    ]);
  });

  it('sends no mail and records no event if it is rejected', async () => {
    const ada = await buildSignedIn(app);
    await change(ada, NEW_PASSWORD, app, 'eight lanterns at dawn').expect(401);
    expect(await mailKinds(app, ada)).not.toContain('password_changed');
    expect(await auditEvents(app, ada, 'password_changed')).toEqual([]);
  });

  describe('while the new password is being hashed', () => {
    it('fails if the session is signed out', async () => {
      const ada = await buildSignedIn(app);
      beforeHashing(app, 'hash', () => app.as(ada.accessToken).post('/auth/logout').expect(204));
      expectProblem(await change(ada), 401, 'session_revoked');
      await login(ada, ada.password).expect(200);
    });

    it('does not overwrite another change', async () => {
      const ada = await buildSignedIn(app);
      const elsewhere = await signIn(app, ada);
      beforeHashing(app, 'hash', () => change(elsewhere, 'the faster one of two', other).expect(204));
      expectProblem(await change(ada), 401, 'session_revoked');
      await login(ada, 'the faster one of two').expect(200);
    });

    it('succeeds although a sign-in replaces an outdated hash', async () => {
      const costly = await TestApp.start({ database: app.database, env: { BCRYPT_COST: '5' } });
      const ada = await buildSignedIn(app);
      await app.database.query('UPDATE users SET password_hash = $2 WHERE id = $1', [ada.id, hash(ada.password, 4)]);
      beforeHashing(app, 'hash', () => login(ada, ada.password, costly).expect(200));
      try {
        await change(ada).expect(204);
      } finally {
        await costly.close();
      }
      await login(ada, NEW_PASSWORD).expect(200);
    });
  });

  it('accepts the first of two concurrent changes on two instances', async () => {
    const ada = await buildSignedIn(app);
    const elsewhere = await signIn(app, ada);
    const [first, second] = await app.database.queue(
      `SELECT FROM users WHERE id = '${ada.id}' FOR NO KEY UPDATE`,
      () => change(ada, 'nine candles on a monday'),
      () => change(elsewhere, 'ten kettles by the river', other),
    );
    expect(first.status).toBe(204);
    expectProblem(second, 401, 'session_revoked');
    await login(ada, 'nine candles on a monday').expect(200);
  });

  it('rejects an inactive user', async () => {
    const ada = await signIn(app, await buildUser(app));
    await app.database.query('UPDATE users SET is_active = false WHERE id = $1', [ada.id]);
    expectProblem(await change(ada), 401, 'user_inactive');
  });
});
