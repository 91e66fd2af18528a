import { auditEvents, auditTypes, mailKinds } from '../support/account-records.js';
import { buildSignedIn, buildUser, signIn, type SignedIn } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { challengeFor, codeOf, enrollTotp, forgetCodes, wrongCode } from '../support/factors.js';
import { issueToken } from '../support/one-time-tokens.js';
import { TestApp } from '../support/test-app.js';

const OTHER_SECRET = 'pT3wYr8nKd5QzC1mHb7VgL2sJx9EfUaN';

describe('second factors', () => {
  let app: TestApp;
  let other: TestApp;
  beforeAll(async () => ([app, other] = await TestApp.startTwo()));
  afterAll(() => app.close());

  const start = ({ accessToken }: SignedIn) => app.as(accessToken).post('/auth/factors/totp');
  const confirm = ({ accessToken }: SignedIn, id: string, code: unknown, at = app) =>
    at.as(accessToken).post(`/auth/factors/totp/${id}/confirm`).send({ code });
  const list = async ({ accessToken }: SignedIn) =>
    (await app.as(accessToken).get('/auth/factors').expect(200)).body as object;
  const remove = ({ accessToken }: SignedIn, id: string) => app.as(accessToken).delete(`/auth/factors/${id}`);
  const finish = (challenge: string, proof: object) =>
    app.request
      .post('/auth/login/factor')
      .set('User-Agent', '')
      .send({ challenge, ...proof });
  const age = ({ sessionId }: SignedIn) =>
    app.database.query(
      `UPDATE sessions SET authentications =
         (SELECT jsonb_object_agg(key, value::numeric - 601) FROM jsonb_each_text(authentications)) WHERE id = $1`,
      [sessionId],
    );

  describe('an authenticator app', () => {
    it('is active from its first code on, and comes with ten recovery codes', async () => {
      const ada = await buildSignedIn(app);
      const { body } = await start(ada).expect(201);
      expect(body).toEqual({
        id: expect.any(String),
        secret: expect.stringMatching(/^[A-Z2-7]{32}$/),
        uri: expect.stringMatching(/^otpauth:\/\/totp\/Gatehouse:/),
        qrCode: expect.stringMatching(/^<svg /),
      });
      expect(await list(ada)).toEqual({ items: [], recoveryCodesLeft: 0 });
      await signIn(app, ada);

      const confirmed = await confirm(ada, body.id as string, codeOf(body.secret as string)).expect(200);
      expect(new Set(confirmed.body.recoveryCodes as string[]).size).toBe(10);
      expect(await list(ada)).toMatchObject({
        items: [{ id: body.id, kind: 'totp', name: null }],
        recoveryCodesLeft: 10,
      });
      expect((await app.as(ada.accessToken).get('/users/me')).body).toMatchObject({ hasSecondFactor: true });
      const login = await app.request.post('/auth/login').send({ email: ada.email, password: ada.password });
      expectProblem(login, 401, 'second_factor_required');
    });

    it('returns no recovery codes if the account has them', async () => {
      const ada = await buildSignedIn(app);
      await enrollTotp(app, ada);
      const { recoveryCodes } = await enrollTotp(app, ada);
      expect(recoveryCodes).toEqual([]);
      expect(await list(ada)).toMatchObject({ recoveryCodesLeft: 10 });
    });

    it('counts as an authentication of the session that added it', async () => {
      const ada = await buildSignedIn(app);
      await enrollTotp(app, ada);
      expect((await app.as(ada.accessToken).get('/sessions/current')).body.amr).toEqual(['pwd', 'otp', 'mfa']);
    });

    it.each([undefined, null, '', '12345', '1234567', 'abcdef', 123456, ['123456'], '1'.repeat(5_000)])(
      'rejects the code %j with 400',
      async (code) => {
        const ada = await buildSignedIn(app);
        const { body } = await start(ada);
        expectProblem(await confirm(ada, body.id as string, code), 400, 'validation_failed');
      },
    );

    it('is not activated by a wrong code', async () => {
      const ada = await buildSignedIn(app);
      const { body } = await start(ada);
      expectProblem(await confirm(ada, body.id as string, wrongCode(body.secret as string)), 401, 'factor_invalid');
      expect(await list(ada)).toMatchObject({ items: [] });
    });

    it('is activated once by 10 parallel requests on two instances', async () => {
      const ada = await buildSignedIn(app);
      const { body } = await start(ada);
      const requests = Array.from({ length: 10 }, (_, index) =>
        confirm(ada, body.id as string, codeOf(body.secret as string), index % 2 ? app : other),
      );
      const statuses = (await Promise.all(requests)).map(({ status }) => status);
      expect(statuses.sort()).toEqual([200, ...Array<number>(9).fill(404)]);
    });

    it('cannot be confirmed by another user', async () => {
      const [ada, eve] = [await buildSignedIn(app), await buildSignedIn(app)];
      const { body } = await start(ada);
      const code = codeOf(body.secret as string);
      expectProblem(await confirm(eve, body.id as string, code), 404, 'factor_not_found');
    });

    it('is replaced by later ones while it is not active', async () => {
      const ada = await buildSignedIn(app);
      for (let round = 0; round < 5; round += 1) await start(ada).expect(201);
      const rows = await app.database.query('SELECT FROM factors WHERE user_id = $1', [ada.id]);
      expect(rows).toHaveLength(3);
    });

    it('can be added ten times', async () => {
      const ada = await buildSignedIn(app);
      await enrollTotp(app, ada);
      await app.database.query(
        `INSERT INTO factors (id, user_id, kind, confirmed_at, sealed_secret)
         SELECT gen_random_uuid(), $1, 'totp', now(), '' FROM generate_series(1, 9)`,
        [ada.id],
      );
      expectProblem(await start(ada), 409, 'factor_limit_reached');
    });

    it('has a secret that is only readable with the key, in its own row', async () => {
      const [ada, eve] = [await buildSignedIn(app), await buildSignedIn(app)];
      const [{ secret }] = [await enrollTotp(app, ada), await enrollTotp(app, eve)];
      const [row] = await app.database.query<{ sealed: Buffer }>(
        'SELECT sealed_secret AS sealed FROM factors WHERE user_id = $1',
        [ada.id],
      );
      expect(row?.sealed.toString('latin1')).not.toContain(secret);
      await app.database.query('UPDATE factors SET sealed_secret = $2 WHERE user_id = $1', [eve.id, row?.sealed]);
      expectProblem(await finish(await challengeFor(app, eve), { code: codeOf(secret) }), 503, 'factor_key_missing');
    });

    it.each([
      ['JWT_SECRET', { JWT_SECRET: OTHER_SECRET, JWT_PREVIOUS_SECRETS: 'kR7vXq2mZt9LwB4nYc8HsG1dFp6JxAeU' }],
      ['FACTOR_SECRET', { FACTOR_SECRET: OTHER_SECRET }],
    ])('works after %s was replaced, and is then encrypted with the new key', async (_, env) => {
      const ada = await buildSignedIn(app);
      const { secret } = await enrollTotp(app, ada);
      const sealed = async () =>
        (await app.database.query<{ sealed_secret: Buffer }>('SELECT * FROM factors WHERE user_id = $1', [ada.id]))[0]
          ?.sealed_secret;
      const before = await sealed();
      const rotated = await TestApp.start({ database: app.database, env });
      const challenge = await challengeFor(rotated, ada);
      const body = { challenge, code: codeOf(secret) };
      await rotated.request.post('/auth/login/factor').set('User-Agent', '').send(body).expect(200);
      expect(await sealed()).not.toEqual(before);
      await forgetCodes(app, ada);
      const again = { challenge: await challengeFor(rotated, ada), code: codeOf(secret) };
      await rotated.request.post('/auth/login/factor').set('User-Agent', '').send(again).expect(200);
      await rotated.close();
    });
  });

  describe('changes', () => {
    it.each([
      ['post', '/auth/factors/totp'],
      ['post', '/auth/factors/recovery-codes'],
      ['patch', '/auth/factors/0198c5f2-8b22-7e15-a3f0-6c1d4e9b7a20'],
      ['delete', '/auth/factors/0198c5f2-8b22-7e15-a3f0-6c1d4e9b7a20'],
    ] as const)('need a recent authentication: %s %s', async (method, path) => {
      const ada = await buildSignedIn(app);
      await age(ada);
      expectProblem(await app.as(ada.accessToken)[method](path), 401, 'insufficient_user_authentication');
    });

    it('need both factors once the account has a second one', async () => {
      const ada = await buildSignedIn(app);
      const { secret, recoveryCodes } = await enrollTotp(app, ada);
      const stepUp = (proof: object) => app.as(ada.accessToken).post('/auth/step-up').send(proof);
      await age(ada);
      await stepUp({ password: ada.password }).expect(204);
      expect((await start(ada)).body).toMatchObject({ code: 'insufficient_user_authentication', minFactors: 2 });
      expectProblem(await stepUp({ code: '000000', recoveryCode: recoveryCodes[0] }), 400, 'validation_failed');
      expectProblem(await stepUp({ password: ada.password, code: codeOf(secret) }), 400, 'validation_failed');
      const code = codeOf(secret);
      await stepUp({ code }).expect(204);
      expectProblem(await stepUp({ code }), 401, 'factor_invalid');
      await start(ada).expect(201);
      await age(ada);
      await stepUp({ password: ada.password }).expect(204);
      await stepUp({ recoveryCode: recoveryCodes[0] }).expect(204);
      expectProblem(await stepUp({ recoveryCode: recoveryCodes[0] }), 401, 'factor_invalid');
      await start(ada).expect(201);
    });

    it('are recorded and mailed with a not-me link', async () => {
      const ada = await buildSignedIn(app);
      const { id } = await enrollTotp(app, ada);
      const as = () => app.as(ada.accessToken);
      await as().patch(`/auth/factors/${id}`).send({ name: 'Phone' }).expect(200);
      await as().patch(`/auth/factors/${id}`).send({ name: 'Phone' }).expect(200);
      await as().patch(`/auth/factors/${id}`).send({}).expect(200);
      await as().post('/auth/factors/recovery-codes').expect(201);
      await remove(ada, id).expect(204);
      const kinds = ['factor_added', 'factor_renamed', 'recovery_codes_replaced', 'factor_removed'];
      expect((await mailKinds(app, ada)).filter((kind) => kinds.includes(kind))).toEqual(kinds);
      expect((await auditTypes(app, ada)).filter((type) => kinds.includes(type))).toEqual(kinds);
    });

    it('of another user get 404', async () => {
      const [ada, eve] = [await buildSignedIn(app), await buildSignedIn(app)];
      const { id } = await enrollTotp(app, ada);
      expectProblem(await remove(eve, id), 404, 'factor_not_found');
      expectProblem(
        await app.as(eve.accessToken).patch(`/auth/factors/${id}`).send({ name: 'x' }),
        404,
        'factor_not_found',
      );
      expect(await list(ada)).toMatchObject({ items: [{ id, name: null }] });
    });

    it('that delete the last factor delete the recovery codes', async () => {
      const ada = await buildSignedIn(app);
      const { id } = await enrollTotp(app, ada);
      await remove(ada, id).expect(204);
      expect(await list(ada)).toEqual({ items: [], recoveryCodesLeft: 0 });
      expectProblem(await app.as(ada.accessToken).post('/auth/factors/recovery-codes'), 409, 'factor_missing');
      await signIn(app, ada);
    });

    it('replace all recovery codes', async () => {
      const ada = await buildSignedIn(app);
      const { recoveryCodes } = await enrollTotp(app, ada);
      const { body } = await app.as(ada.accessToken).post('/auth/factors/recovery-codes').expect(201);
      const [challenge, recoveryCode] = [await challengeFor(app, ada), recoveryCodes[0]];
      expectProblem(await finish(challenge, { recoveryCode }), 401, 'factor_invalid');
      await finish(challenge, { recoveryCode: body.recoveryCodes[0] }).expect(200);
    });
  });

  describe('with SECOND_FACTOR_REQUIRED', () => {
    let strict: TestApp;
    beforeAll(async () => {
      strict = await TestApp.start({ database: app.database, env: { SECOND_FACTOR_REQUIRED: 'admins' } });
    });

    it('are the only routes of an admin who has none', async () => {
      const admin = await buildSignedIn(strict, 'admin');
      const as = () => strict.as(admin.accessToken);
      expectProblem(await as().get('/admin/users'), 403, 'second_factor_enrollment_required');
      expectProblem(await as().get('/sessions'), 403, 'second_factor_enrollment_required');
      await as().get('/users/me').expect(200);
      await as().get('/auth/factors').expect(200);
      await enrollTotp(strict, admin);
      await as().get('/admin/users').expect(200);
      await as().delete('/sessions/current').expect(204);
    });

    it('cannot be deleted by an admin who has one left', async () => {
      const [admin, ada] = [await buildSignedIn(strict, 'admin'), await buildSignedIn(strict)];
      const [first, second] = [await enrollTotp(strict, admin), await enrollTotp(strict, admin)];
      await strict.as(admin.accessToken).delete(`/auth/factors/${first.id}`).expect(204);
      const answer = await strict.as(admin.accessToken).delete(`/auth/factors/${second.id}`);
      expectProblem(answer, 409, 'last_factor');
      await strict
        .as(ada.accessToken)
        .delete(`/auth/factors/${(await enrollTotp(strict, ada)).id}`)
        .expect(204);
    });

    it('cannot be reset by an admin for their own account', async () => {
      const [admin, colleague] = [await buildSignedIn(strict, 'admin'), await buildSignedIn(strict, 'admin')];
      for (const person of [admin, colleague]) await enrollTotp(strict, person);
      const reset = (id: string) => strict.as(admin.accessToken).delete(`/admin/users/${id}/factors`);
      expectProblem(await reset(admin.id), 409, 'last_factor');
      await reset(colleague.id).expect(204);
      await strict.as(admin.accessToken).get('/admin/users').expect(200);
    });
  });

  describe('after a reset by an admin', () => {
    it('are gone with all sessions, and the user gets a mail', async () => {
      const [admin, ada] = [await buildSignedIn(app, 'admin'), await buildSignedIn(app)];
      const { secret } = await enrollTotp(app, ada);
      const challenge = await challengeFor(app, ada);
      const token = await issueToken(app, 'email_change', ada, 'thief@example.com');
      await app.as(admin.accessToken).delete(`/admin/users/${ada.id}/factors`).expect(204);
      const answer = await other.as(ada.accessToken).get('/users/me');
      expect(answer.body).toMatchObject({ code: 'session_revoked', reason: 'factors_reset' });
      expectProblem(await finish(challenge, { code: codeOf(secret) }), 401, 'challenge_invalid');
      const change = await app.request.post('/auth/email/change').send({ token });
      expectProblem(change, 422, 'token_used_or_expired');
      expect(await mailKinds(app, ada)).toContain('factors_reset');
      expect(await auditEvents(app, ada, 'factors_reset')).toMatchObject([{ outcome: 'success', actor_id: admin.id }]);
      await signIn(app, ada);
    });

    it('are gone without a deadlock with a deactivation of the user', async () => {
      const [admin, ada] = [await buildSignedIn(app, 'admin'), await buildSignedIn(app)];
      // A deadlock would not be resolved, but time out.
      await app.database.query(
        `DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = ''1h''', current_database()); END $$`,
      );
      const patient = await TestApp.start({ database: app.database });
      const user = `/admin/users/${ada.id}`;
      const answers = await app.database.queue(
        `SELECT FROM users WHERE id = '${ada.id}' FOR NO KEY UPDATE`,
        () => patient.as(admin.accessToken).delete(`${user}/factors`),
        () => patient.as(admin.accessToken).patch(user).send({ isActive: false }),
      );
      expect(answers.map(({ status }) => status)).toEqual([204, 200]);
      await patient.close();
    });

    it('change nothing for a user who had none', async () => {
      const [admin, ada] = [await buildSignedIn(app, 'admin'), await buildSignedIn(app)];
      await app.as(admin.accessToken).delete(`/admin/users/${ada.id}/factors`).expect(204);
      await app.as(ada.accessToken).get('/users/me').expect(200);
      const unknown = await app.as(admin.accessToken).delete(`/admin/users/${ada.sessionId}/factors`);
      expectProblem(unknown, 404, 'user_not_found');
    });
  });

  describe('after a not-me report', () => {
    const report = async (ada: SignedIn) =>
      app.request.post('/auth/not-me').send({ token: await issueToken(app, 'not_me', ada) });

    it('no longer include those of a thief', async () => {
      const ada = await buildSignedIn(app);
      await enrollTotp(app, await signIn(app, ada));
      expect((await report(ada)).status).toBe(202);
      const token = await issueToken(app, 'password_reset', ada);
      const newPassword = 'nine candles before dawn';
      await app.request.post('/auth/password/reset').send({ token, newPassword }).expect(204);
      await app.request.post('/auth/login').send({ email: ada.email, password: newPassword }).expect(200);
    });

    it('include those that are older than the link', async () => {
      const ada = await buildSignedIn(app);
      const old = await enrollTotp(app, ada);
      for (const [table, column] of [
        ['factors', 'confirmed_at'],
        ['recovery_codes', 'created_at'],
      ])
        await app.database.query(`UPDATE ${table} SET ${column} = now() - interval '8 days' WHERE user_id = $1`, [
          ada.id,
        ]);
      await enrollTotp(app, ada);
      await report(ada);
      const rows = await app.database.query('SELECT id FROM factors WHERE user_id = $1', [ada.id]);
      expect(rows).toEqual([{ id: old.id }]);
      const codes = await app.database.query('SELECT FROM recovery_codes WHERE user_id = $1', [ada.id]);
      expect(codes).toHaveLength(10);
    });

    it.each([
      [false, 0],
      [true, 1],
    ])('that restores an email stay only if it was verified before: %s', async (isEmailVerified, left) => {
      const ada = await signIn(app, await buildUser(app, { isEmailVerified }));
      await enrollTotp(app, ada);
      await app.database.query(`UPDATE factors SET confirmed_at = now() - interval '8 days' WHERE user_id = $1`, [
        ada.id,
      ]);
      const undo = await issueToken(app, 'not_me', ada, ada.email);
      const token = await issueToken(app, 'email_change', ada, `new-${ada.email}`);
      await app.request.post('/auth/email/change').send({ token }).expect(204);
      await app.request.post('/auth/not-me').send({ token: undo }).expect(202);
      expect(await app.database.query('SELECT FROM factors WHERE user_id = $1', [ada.id])).toHaveLength(left);
      const query = 'SELECT email, has_second_factor AS "hasFactor" FROM users WHERE id = $1';
      expect(await app.database.query(query, [ada.id])).toEqual([{ email: ada.email, hasFactor: left > 0 }]);
    });
  });

  it('of a stranger who registered the email are gone after its owner resets the password', async () => {
    const stranger = await buildSignedIn(app);
    await enrollTotp(app, stranger);
    const token = await issueToken(app, 'password_reset', stranger);
    const owner = { ...stranger, password: 'nine candles before dawn' };
    await app.request.post('/auth/password/reset').send({ token, newPassword: owner.password }).expect(204);
    expect(await list(await signIn(app, owner))).toEqual({ items: [], recoveryCodesLeft: 0 });
    expect(await auditEvents(app, owner, 'factors_reset')).toMatchObject([{ outcome: 'success' }]);
  });

  it('stay after a password reset', async () => {
    const ada = await signIn(app, await buildUser(app, { isEmailVerified: true }));
    const { secret } = await enrollTotp(app, ada);
    const token = await issueToken(app, 'password_reset', ada);
    const changed = { ...ada, password: 'nine candles before dawn' };
    await app.request.post('/auth/password/reset').send({ token, newPassword: changed.password }).expect(204);
    await finish(await challengeFor(app, changed), { code: codeOf(secret) }).expect(200);
  });

  it('do not exist for other users, or without a session', async () => {
    await buildUser(app);
    expectProblem(await app.request.get('/auth/factors'), 401, 'token_missing');
  });
});
