import { auditEvents, mailKinds } from '../support/account-records.js';
import { buildSignedIn, buildUser, signIn, type BuiltUser, type SignedIn } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { issueOldToken, issueToken, issueTokenOfInactive } from '../support/one-time-tokens.js';
import { TestApp } from '../support/test-app.js';

const NEW_PASSWORD = 'nine candles before dawn';

describe('POST /auth/password/reset', () => {
  let app: TestApp;
  let other: TestApp;
  beforeAll(async () => ([app, other] = await TestApp.startTwo()));
  afterAll(() => app.close());

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

  it('sets the new password: the old one signs nobody in', async () => {
    const ada = await buildUser(app);
    const { text } = await reset(await issueToken(app, 'password_reset', ada)).expect(204);
    expect(text).toBe('');
    await login(ada, NEW_PASSWORD).expect(200);
    expectProblem(await login(ada, ada.password), 401, 'invalid_credentials');
  });

  it('ends every session of the user, and no one else’s', async () => {
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

  it('revokes expired sessions too, so that it trusts their devices no more', async () => {
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

  it('shows that the address is theirs', async () => {
    const ada = await buildUser(app);
    await reset(await issueToken(app, 'password_reset', ada)).expect(204);
    const verifiedAt = (await usersRow(ada))?.email_verified_at;
    expect(verifiedAt).toBeInstanceOf(Date);
    await reset(await issueToken(app, 'password_reset', ada), 'and yet another one').expect(204);
    expect((await usersRow(ada))?.email_verified_at).toEqual(verifiedAt);
  });

  it.each(['!', '$2b$04$abcdefghijklmnopqrstuuWlVnlJsvMe2uGnLgqfYBtxDUx0A1Flu'])(
    'lets someone in whose imported hash (%s) does not',
    async (imported) => {
      const ada = await buildUser(app);
      await app.database.query('UPDATE users SET password_hash = $2 WHERE id = $1', [ada.id, imported]);
      await reset(await issueToken(app, 'password_reset', ada)).expect(204);
      await login(ada, NEW_PASSWORD).expect(200);
    },
  );

  it('makes all other tokens of the user void', async () => {
    const ada = await buildUser(app);
    await issueToken(app, 'email_verification', ada);
    const notMe = await issueToken(app, 'not_me', ada);
    await reset(await issueToken(app, 'password_reset', ada)).expect(204);
    const left = await app.database.query('SELECT purpose FROM one_time_tokens WHERE user_id = $1', [ada.id]);
    // The mail that tells of the reset has a token of its own.
    expect(left).toEqual([{ purpose: 'not_me' }]);
    expectProblem(await reset(notMe), 422, 'token_used_or_expired');
  });

  it('is told to its owner by mail, and recorded', async () => {
    const ada = await buildUser(app);
    await reset(await issueToken(app, 'password_reset', ada)).expect(204);
    expect(await mailKinds(app, ada)).toContain('password_changed');
    expect(await auditEvents(app, ada, 'password_reset')).toEqual([
      { outcome: 'success', reason: null, actor_id: ada.id, session_id: null },
    ]);
  });

  const useless: readonly [string, (ada: BuiltUser) => Promise<string>][] = [
    [
      'used',
      async (ada) => {
        const token = await issueToken(app, 'password_reset', ada);
        await reset(token, ada.password).expect(204);
        return token;
      },
    ],
    ['old', (ada) => issueOldToken(app, 'password_reset', ada)],
    [
      'replaced by a newer one',
      async (ada) => {
        const token = await issueToken(app, 'password_reset', ada);
        await issueToken(app, 'password_reset', ada);
        return token;
      },
    ],
    ['made for another purpose', (ada) => issueToken(app, 'email_verification', ada)],
    ['from a mail that asks whether it was them', (ada) => issueToken(app, 'not_me', ada)],
    ['of somebody inactive', () => issueTokenOfInactive(app, 'password_reset')],
    [
      'of somebody who deleted their account',
      async () => {
        const eve = await buildSignedIn(app);
        const token = await issueToken(app, 'password_reset', eve);
        await app.as(eve.accessToken).delete('/users/me').send({ password: eve.password }).expect(204);
        return token;
      },
    ],
    ['that was guessed', () => Promise.resolve('A'.repeat(43))],
    ['that is too short', () => Promise.resolve('x')],
    ['in another spelling', async (ada) => `${await issueToken(app, 'password_reset', ada)}=`],
    ['that is an access token', async () => (await buildSignedIn(app)).accessToken.slice(0, 512)],
    ['that is a refresh token', async () => (await buildSignedIn(app)).refreshToken],
    [
      'taken from a copy of the database',
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

  it.each(useless)('with a token %s is 422, with no hint why', async (_, make) => {
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

  it('with a token that does not work is recorded, and hashes nothing', async () => {
    const before = await app.database.query(`SELECT FROM audit_events WHERE type = 'password_reset'`);
    await reset('A'.repeat(43)).expect(422);
    const after = await app.database.query(`SELECT outcome, reason FROM audit_events WHERE type = 'password_reset'`);
    expect(after).toHaveLength(before.length + 1);
    expect(after).toContainEqual({ outcome: 'failure', reason: 'token_used_or_expired' });
  });

  it.each([
    ['another field', { newPassword: NEW_PASSWORD, email: 'ada@example.com' }, '/email'],
    ['no new password', {}, '/newPassword'],
  ])('with %s is 400, and the token still works', async (_, fields, pointer) => {
    const token = await issueToken(app, 'password_reset', await buildUser(app));
    const answer = await app.request.post('/auth/password/reset').send({ token, ...fields });
    expectProblem(answer, 400, 'validation_failed');
    expect(answer.body.errors).toContainEqual({ pointer, message: expect.any(String) });
    await reset(token).expect(204);
  });

  it.each([
    ['too short', 'short'],
    ['one of the most used', 'football1'],
  ])('with a password that is %s is 422 and says why, and the token still works', async (_, weak) => {
    const token = await issueToken(app, 'password_reset', await buildUser(app));
    const answer = await reset(token, weak);
    expectProblem(answer, 422, 'password_too_weak');
    expect(answer.body.errors).toEqual([{ pointer: '/newPassword', message: expect.any(String) }]);
    await reset(token).expect(204);
  });

  it('with a password that is the user’s own address is 422', async () => {
    const ada = await buildUser(app);
    const answer = await reset(await issueToken(app, 'password_reset', ada), ada.email);
    expectProblem(answer, 422, 'password_too_weak');
  });

  it('tells nobody without a token that works how good a password is', async () => {
    expectProblem(await reset('A'.repeat(43), 'football1'), 422, 'token_used_or_expired');
  });

  it('20 times with one token, on two instances, works once: 3 rounds', async () => {
    for (let round = 0; round < 3; round += 1) {
      const ada = await buildUser(app);
      const token = await issueToken(app, 'password_reset', ada);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) => reset(token, `password of number ${i}`, i % 2 ? app : other)),
      );
      const winners = answers.flatMap(({ status }, i) => (status === 204 ? [i] : []));
      expect(winners).toHaveLength(1);
      expect(new Set(answers.map(({ body }) => body.code as unknown))).toEqual(
        new Set([undefined, 'token_used_or_expired']),
      );
      await login(ada, `password of number ${winners[0]}`).expect(200);
    }
  });
});
