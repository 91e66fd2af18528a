import { PasswordHasher } from '../../src/platform/passwords/password-hasher.js';
import { auditEvents, mailKinds } from '../support/account-records.js';
import { buildSignedIn, buildUser, signIn, type BuiltUser } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { issueOldToken, issueToken, issueTokenOfInactive } from '../support/one-time-tokens.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const NEW_PASSWORD = 'nine candles before dawn';

describe('POST /auth/password/reset', () => {
  let app: TestApp;
  let other: TestApp;
  beforeAll(async () => ([app, other] = await TestApp.startTwo()));
  afterAll(() => app.close());
  afterEach(() => jest.restoreAllMocks());

  const reset = (token: string, newPassword = NEW_PASSWORD, at = app) =>
    at.request.post('/auth/password/reset').send({ token, newPassword });
  const login = ({ email }: BuiltUser, password: string, at = app) =>
    at.request.post('/auth/login').send({ email, password });
  const refresh = (refreshToken: string, at = app) => at.request.post('/auth/refresh').send({ refreshToken });
  const usersRow = async ({ id }: BuiltUser) =>
    (
      await app.database.query<{ password_hash: string; email_verified_at: Date | null }>(
        'SELECT * FROM users WHERE id = $1',
        [id],
      )
    )[0];

  it('replaces the password', async () => {
    const ada = await buildUser(app);
    const { text } = await reset(await issueToken(app, 'password_reset', ada)).expect(204);
    expect(text).toBe('');
    await login(ada, NEW_PASSWORD).expect(200);
    expectProblem(await login(ada, ada.password), 401, 'invalid_credentials');
  });

  it('revokes all sessions of the user and no other user’s sessions', async () => {
    const [ada, eve] = [await buildSignedIn(app), await buildSignedIn(app)];
    const elsewhere = await signIn(app, ada);
    await reset(await issueToken(app, 'password_reset', ada)).expect(204);
    for (const { accessToken, refreshToken } of [ada, elsewhere]) {
      const answer = await other.as(accessToken).get('/users/me');
      expectProblem(answer, 401, 'session_revoked');
      expect(answer.body.reason).toBe('password_reset');
      expectProblem(await refresh(refreshToken), 401, 'session_revoked');
    }
    await app.as(eve.accessToken).get('/users/me').expect(200);
  });

  it('revokes expired sessions too, so that their devices become unknown', async () => {
    const ada = await buildSignedIn(app);
    await app.database.query(`UPDATE sessions SET idle_expires_at = now() - interval '1 day' WHERE user_id = $1`, [
      ada.id,
    ]);
    await login(ada, ada.password).expect(200);
    expect(await mailKinds(app, ada)).not.toContain('new_device');
    await reset(await issueToken(app, 'password_reset', ada)).expect(204);
    await login(ada, NEW_PASSWORD).expect(200);
    expect(await mailKinds(app, ada)).toContain('new_device');
  });

  it('trusts no device that signed out while the reset waited', async () => {
    const ada = await buildSignedIn(app);
    const token = await issueToken(app, 'password_reset', ada);
    const lock = `SELECT FROM users WHERE id = '${ada.id}' FOR NO KEY UPDATE`;
    const [waiting] = await app.database.withLock(lock, async () => {
      const sent = reset(token).then();
      await until('the reset waits', async () => (await app.database.waiting()).length === 1);
      await app.as(ada.accessToken).post('/auth/logout').expect(204);
      return [sent];
    });
    expect((await waiting).status).toBe(204);
    await login(ada, NEW_PASSWORD).expect(200);
    expect(await mailKinds(app, ada)).toContain('new_device');
  });

  it('verifies the email address', async () => {
    const ada = await buildUser(app);
    await reset(await issueToken(app, 'password_reset', ada)).expect(204);
    const verifiedAt = (await usersRow(ada))?.email_verified_at;
    expect(verifiedAt).toBeInstanceOf(Date);
    await reset(await issueToken(app, 'password_reset', ada), 'and yet another one').expect(204);
    expect((await usersRow(ada))?.email_verified_at).toEqual(verifiedAt);
  });

  it.each(['!', '$2b$04$abcdefghijklmnopqrstuuWlVnlJsvMe2uGnLgqfYBtxDUx0A1Flu'])(
    'replaces an imported hash that no password matches: %s',
    async (imported) => {
      const ada = await buildUser(app);
      await app.database.query('UPDATE users SET password_hash = $2 WHERE id = $1', [ada.id, imported]);
      await reset(await issueToken(app, 'password_reset', ada)).expect(204);
      await login(ada, NEW_PASSWORD).expect(200);
    },
  );

  it('voids all other tokens of the user', async () => {
    const ada = await buildUser(app);
    await issueToken(app, 'email_verification', ada);
    const notMe = await issueToken(app, 'not_me', ada);
    await reset(await issueToken(app, 'password_reset', ada)).expect(204);
    const left = await app.database.query('SELECT purpose FROM one_time_tokens WHERE user_id = $1', [ada.id]);
    // The mail about the reset contains a new token.
    expect(left).toEqual([{ purpose: 'not_me' }]);
    expectProblem(await reset(notMe), 422, 'token_used_or_expired');
  });

  it('sends a mail to the user and records an audit event', async () => {
    const ada = await buildUser(app);
    await reset(await issueToken(app, 'password_reset', ada)).expect(204);
    expect(await mailKinds(app, ada)).toContain('password_changed');
    expect(await auditEvents(app, ada, 'password_reset')).toEqual([
      { outcome: 'success', reason: null, actor_id: ada.id, session_id: null },
    ]);
  });

  const useless: readonly [string, (ada: BuiltUser) => Promise<string>][] = [
    [
      'that was used',
      async (ada) => {
        const token = await issueToken(app, 'password_reset', ada);
        await reset(token, ada.password).expect(204);
        return token;
      },
    ],
    ['that has expired', (ada) => issueOldToken(app, 'password_reset', ada)],
    [
      'that was replaced by a newer one',
      async (ada) => {
        const token = await issueToken(app, 'password_reset', ada);
        await issueToken(app, 'password_reset', ada);
        return token;
      },
    ],
    ['for email verification', (ada) => issueToken(app, 'email_verification', ada)],
    ['for a "not me" report', (ada) => issueToken(app, 'not_me', ada)],
    ['of an inactive user', () => issueTokenOfInactive(app, 'password_reset')],
    [
      'of a deleted account',
      async () => {
        const eve = await buildSignedIn(app);
        const token = await issueToken(app, 'password_reset', eve);
        await app.as(eve.accessToken).delete('/users/me').send({ password: eve.password }).expect(204);
        return token;
      },
    ],
    ['that was guessed', () => Promise.resolve('A'.repeat(43))],
    ['that is too short', () => Promise.resolve('x')],
    ['with padding', async (ada) => `${await issueToken(app, 'password_reset', ada)}=`],
    ['that is an access token', async () => (await buildSignedIn(app)).accessToken.slice(0, 512)],
    ['that is a refresh token', async () => (await buildSignedIn(app)).refreshToken],
    [
      'that is a hash from the database',
      async (ada) => {
        await issueToken(app, 'password_reset', ada);
        const [row] = await app.database.query<{ hash: Buffer }>(
          'SELECT hash FROM one_time_tokens WHERE user_id = $1',
          [ada.id],
        );
        return row?.hash.toString('base64url') ?? '';
      },
    ],
  ];

  it.each(useless)('rejects a token %s with 422 and no reason', async (_, make) => {
    const ada = await buildUser(app);
    const token = await make(ada);
    const answer = await reset(token);
    expectProblem(answer, 422, 'token_used_or_expired');
    expect(answer.body).toEqual({
      type: 'urn:gatehouse:problem:token_used_or_expired',
      title: 'Token used or expired',
      status: 422,
      detail: 'This link no longer works. Request a new one.',
      instance: '/auth/password/reset',
      code: 'token_used_or_expired',
      requestId: answer.headers['x-request-id'],
    });
    await login(ada, ada.password).expect(200);
  });

  it('records an invalid token and hashes no password', async () => {
    const hashing = jest.spyOn(app.app.get(PasswordHasher), 'hash');
    const before = await app.database.query(`SELECT FROM audit_events WHERE type = 'password_reset'`);
    await reset('A'.repeat(43)).expect(422);
    const after = await app.database.query(`SELECT outcome, reason FROM audit_events WHERE type = 'password_reset'`);
    expect(after).toHaveLength(before.length + 1);
    expect(after).toContainEqual({ outcome: 'failure', reason: 'token_used_or_expired' });
    expect(hashing).not.toHaveBeenCalled();
  });

  it.each([
    ['an unknown field', { newPassword: NEW_PASSWORD, email: 'ada@example.com' }, '/email'],
    ['no new password', {}, '/newPassword'],
  ])('rejects %s with 400 and keeps the token valid', async (_, fields, pointer) => {
    const token = await issueToken(app, 'password_reset', await buildUser(app));
    const answer = await app.request.post('/auth/password/reset').send({ token, ...fields });
    expectProblem(answer, 400, 'validation_failed');
    expect(answer.body.errors).toContainEqual({
      pointer,
      code: expect.any(String),
      params: expect.any(Object),
      message: expect.any(String),
    });
    await reset(token).expect(204);
  });

  it.each([
    ['too short', 'short'],
    ['very common', 'football1'],
  ])('rejects a password that is %s with 422 and keeps the token valid', async (_, weak) => {
    const token = await issueToken(app, 'password_reset', await buildUser(app));
    const answer = await reset(token, weak);
    expectProblem(answer, 422, 'password_too_weak');
    expect(answer.body.errors).toEqual([
      { pointer: '/newPassword', code: expect.any(String), params: expect.any(Object), message: expect.any(String) },
    ]);
    await reset(token).expect(204);
  });

  it('rejects the user’s email address as the password', async () => {
    const ada = await buildUser(app);
    const answer = await reset(await issueToken(app, 'password_reset', ada), ada.email);
    expectProblem(answer, 422, 'password_too_weak');
  });

  it('does not check the password if the token is invalid', async () => {
    expectProblem(await reset('A'.repeat(43), 'football1'), 422, 'token_used_or_expired');
  });

  it('accepts a token once for concurrent requests on two instances', async () => {
    const ada = await buildUser(app);
    const token = await issueToken(app, 'password_reset', ada);
    const [first, second] = await app.database.queue(
      `SELECT FROM users WHERE id = '${ada.id}' FOR NO KEY UPDATE`,
      () => reset(token),
      () => reset(token, 'ten kettles by the river', other),
    );
    expect(first.status).toBe(204);
    expectProblem(second, 422, 'token_used_or_expired');
    await login(ada, NEW_PASSWORD).expect(200);
  });
});
