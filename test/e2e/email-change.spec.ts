import type { Response } from 'supertest';
import { auditEvents, mailKinds } from '../support/account-records.js';
import { buildSignedIn, buildUser, signIn, type BuiltUser, type SignedIn } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { MailServer, type ArrivedMail } from '../support/mail-server.js';
import { issueOldToken, issueToken, issueTokenOfInactive } from '../support/one-time-tokens.js';
import { TestApp } from '../support/test-app.js';

const NEW_PASSWORD = 'nine candles before dawn';
let counter = 0;
const newEmail = () => `new-${(counter += 1)}@example.com`;

describe('a change of the email', () => {
  let mailServer: MailServer;
  let app: TestApp;
  let other: TestApp;
  beforeAll(async () => {
    mailServer = await MailServer.start();
    [app, other] = await TestApp.startTwo({ env: { SMTP_URL: mailServer.url } });
  });
  afterAll(async () => {
    await app.close();
    await mailServer.close();
  });

  const request = ({ accessToken }: SignedIn, email: string, at = app) =>
    at.as(accessToken).post('/users/me/email').send({ email });
  const confirm = (token: string, at = app) => at.request.post('/auth/email/change').send({ token });
  const report = (token: string, at = app) => at.request.post('/auth/not-me').send({ token });
  const login = (email: string, password: string) => app.request.post('/auth/login').send({ email, password });
  const register = (email: string) => app.request.post('/auth/register').send({ email, password: NEW_PASSWORD });
  const reset = (token: string) => app.request.post('/auth/password/reset').send({ token, newPassword: NEW_PASSWORD });
  const stored = async ({ id }: { id: string }) =>
    (
      await app.database.query<{ email: string; isVerified: boolean }>(
        'SELECT email, email_verified_at IS NOT NULL AS "isVerified" FROM users WHERE id = $1',
        [id],
      )
    )[0];
  /** Returns the next mail of this subject. */
  const next = async (email: string, subject: RegExp): Promise<ArrivedMail> => {
    for (;;) {
      const mail = await mailServer.next(email);
      if (subject.test(mail.subject)) return mail;
    }
  };
  const buildVerified = async () => signIn(app, await buildUser(app, { isEmailVerified: true }));
  /** Changes an email with the mailed link, and returns the token that undoes it. */
  const change = async (user: SignedIn, email: string): Promise<string> => {
    const { email: earlier } = (await stored(user)) ?? user;
    await request(user, email).expect(202);
    await confirm((await next(email, /Confirm/)).token).expect(204);
    return (await next(earlier, /was changed/)).token;
  };

  it('takes effect with the link to the new one, and verifies it', async () => {
    const ada = await buildSignedIn(app);
    const email = newEmail();
    const { text } = await request(ada, ` ${email.toUpperCase()}`).expect(202);
    expect(text).toBe('');
    expect(await stored(ada)).toEqual({ email: ada.email, isVerified: false });
    const { link, token, raw } = await next(email, /Confirm/);
    expect(link).toBe(`${app.config.publicUrl}/account/change-email#token=${token}`);
    expect(raw).not.toContain(ada.email);
    expect((await confirm(token).expect(204)).text).toBe('');
    expect(await stored(ada)).toEqual({ email, isVerified: true });
    await login(email, ada.password).expect(200);
    expectProblem(await login(ada.email, ada.password), 401, 'invalid_credentials');
  });

  it('needs a recent authentication', async () => {
    const ada = await buildSignedIn(app);
    await app.database.query(`UPDATE sessions SET authentications = '{}' WHERE id = $1`, [ada.sessionId]);
    expectProblem(await request(ada, newEmail()), 401, 'insufficient_user_authentication');
  });

  it.each(['', 'not an email', 'a@b', '"a\u202e"@example.com', `${'a'.repeat(250)}@example.com`, 7, null])(
    'is rejected for the input %j',
    async (email) => {
      const ada = await buildSignedIn(app);
      expectProblem(await request(ada, email as string), 400, 'validation_failed');
    },
  );

  it('keeps every session signed in', async () => {
    const ada = await buildSignedIn(app);
    const phone = await signIn(app, ada);
    await change(ada, newEmail());
    for (const { accessToken } of [ada, phone]) await other.as(accessToken).get('/users/me').expect(200);
  });

  it('returns the same response with the same statements if the new one is taken', async () => {
    const [proxied, proxy] = await TestApp.startProxied(app);
    await proxied.request.get('/health/ready').expect(200);
    const cost = async (email: (ada: SignedIn) => string) => {
      const ada = await buildSignedIn(app);
      const before = proxy.statements;
      const { status, text } = await request(ada, email(ada), proxied);
      return [status, text, proxy.statements - before];
    };
    const taken = await buildUser(app);
    const expected = await cost(newEmail);
    expect(expected.slice(0, 2)).toEqual([202, '']);
    expect(await cost(() => taken.email)).toEqual(expected);
    expect(await cost(({ email }) => email)).toEqual(expected);
    expect(await mailKinds(app, taken)).toEqual(['verify_email', 'email_in_use']);
    await proxied.close();
  });

  it('voids the link of an earlier request, even if the new one is taken', async () => {
    const [ada, eve] = [await buildSignedIn(app), await buildUser(app)];
    const [first, second] = [newEmail(), newEmail()];
    await request(ada, first).expect(202);
    await request(ada, second).expect(202);
    expectProblem(await confirm((await next(first, /Confirm/)).token), 422, 'token_used_or_expired');
    await request(ada, eve.email).expect(202);
    expectProblem(await confirm((await next(second, /Confirm/)).token), 422, 'token_used_or_expired');
  });

  it.each<[string, (ada: BuiltUser) => Promise<string>]>([
    ['that has expired', (ada) => issueOldToken(app, 'email_change', ada, newEmail())],
    ['for a password reset', (ada) => issueToken(app, 'password_reset', ada)],
    ['of an email verification', (ada) => issueToken(app, 'email_verification', ada)],
    ['of an inactive user', () => issueTokenOfInactive(app, 'email_change', newEmail())],
    ['that was guessed', () => Promise.resolve('A'.repeat(43))],
    ['that is malformed', () => Promise.resolve('../..')],
  ])('is rejected with a token %s', async (_, make) => {
    const ada = await buildUser(app);
    expectProblem(await confirm(await make(ada)), 422, 'token_used_or_expired');
    expect((await stored(ada))?.email).toBe(ada.email);
  });

  it('happens once for 20 concurrent requests on two instances', async () => {
    const token = await issueToken(app, 'email_change', await buildUser(app), newEmail());
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => confirm(token, i % 2 ? app : other)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array<number>(19).fill(422)]);
  });

  it('succeeds for one of two racing accounts, and keeps the link of the other', async () => {
    const people = [await buildUser(app), await buildUser(app)] as const;
    const email = newEmail();
    const tokens = await Promise.all(people.map((person) => issueToken(app, 'email_change', person, email)));
    const answers = await Promise.all(tokens.map((token, i) => confirm(token, i ? other : app)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, 409]);
    const loser = answers.findIndex(({ status }) => status === 409);
    expectProblem(answers[loser] as Response, 409, 'email_taken');
    await app.database.query('DELETE FROM users WHERE email = $1', [email]);
    await confirm(tokens[loser] ?? '').expect(204);
  });

  it('voids the links that the earlier one received, except to undo it', async () => {
    const ada = await buildSignedIn(app);
    const resetting = await issueToken(app, 'password_reset', ada);
    const verifying = await issueToken(app, 'email_verification', ada);
    await change(ada, newEmail());
    expectProblem(await reset(resetting), 422, 'token_used_or_expired');
    const answer = await app.request.post('/auth/email/verify').send({ token: verifying });
    expectProblem(answer, 422, 'token_used_or_expired');
  });

  it.each<[string, (ada: SignedIn) => PromiseLike<unknown>]>([
    [
      'a password change',
      (ada) =>
        app
          .as(ada.accessToken)
          .post('/auth/password')
          .send({ currentPassword: ada.password, newPassword: NEW_PASSWORD })
          .expect(204),
    ],
    ['a password reset', async (ada) => reset(await issueToken(app, 'password_reset', ada)).expect(204)],
    ['a not-me report', async (ada) => report(await issueToken(app, 'not_me', ada)).expect(202)],
  ])('that is pending is stopped by %s', async (_, act) => {
    const ada = await buildSignedIn(app);
    const email = newEmail();
    await request(ada, email).expect(202);
    await act(ada);
    expectProblem(await confirm((await next(email, /Confirm/)).token), 422, 'token_used_or_expired');
  });

  it('that a session requests is rejected if a not-me report comes first', async () => {
    const ada = await buildSignedIn(app);
    const token = await issueToken(app, 'not_me', ada);
    const email = newEmail();
    const [reported, requested] = await app.database.queue(
      `SELECT FROM users WHERE id = '${ada.id}' FOR NO KEY UPDATE`,
      () => report(token, other),
      () => request(ada, email),
    );
    expect(reported.status).toBe(202);
    expectProblem(requested, 401, 'session_revoked');
    expect(await mailKinds(app, { email })).toEqual([]);
  });

  it('is announced to the current one, whose link stops it', async () => {
    const ada = await buildVerified();
    const email = newEmail();
    await request(ada, email).expect(202);
    await report((await next(ada.email, /will change/)).token).expect(202);
    expectProblem(await confirm((await next(email, /Confirm/)).token), 422, 'token_used_or_expired');
    expectProblem(await app.as(ada.accessToken).get('/users/me'), 401, 'session_revoked');
  });

  it('is undone by the link to the earlier one, which secures the account', async () => {
    const ada = await buildVerified();
    const email = newEmail();
    const undo = await change(ada, email);
    await report(undo).expect(202);
    expect(await stored(ada)).toEqual({ email: ada.email, isVerified: true });
    expectProblem(await other.as(ada.accessToken).get('/users/me'), 401, 'session_revoked');
    for (const address of [email, ada.email]) {
      expectProblem(await login(address, ada.password), 401, 'invalid_credentials');
    }
    await reset((await next(ada.email, /Reset/)).token).expect(204);
    await login(ada.email, NEW_PASSWORD).expect(200);
    await next(email, /earlier email address again/);
  });

  it('is undone by any earlier not-me link to that mailbox', async () => {
    const ada = await buildVerified();
    const change = { currentPassword: ada.password, newPassword: NEW_PASSWORD };
    await app.as(ada.accessToken).post('/auth/password').send(change).expect(204);
    const { token } = await next(ada.email, /password .* was changed/);
    await confirm(await issueToken(app, 'email_change', ada, newEmail())).expect(204);
    await report(token).expect(202);
    expect((await stored(ada))?.email).toBe(ada.email);
  });

  it('is undone by a link from before the earlier one was verified', async () => {
    const ada = await buildSignedIn(app);
    const token = await issueToken(app, 'not_me', ada, ada.email);
    const verifying = await issueToken(app, 'email_verification', ada);
    await app.request.post('/auth/email/verify').send({ token: verifying }).expect(204);
    await change(ada, newEmail());
    await report(token).expect(202);
    expect((await stored(ada))?.email).toBe(ada.email);
  });

  it('from an unverified one can be undone, and strangers are told to ignore it', async () => {
    const ada = await buildSignedIn(app);
    const email = newEmail();
    await request(ada, email).expect(202);
    await confirm((await next(email, /Confirm/)).token).expect(204);
    const { text, token } = await next(ada.email, /was changed/);
    expect(text.replaceAll(/\s+/g, ' ')).toContain('If you have no account, ignore this mail.');
    await report(token).expect(202);
    expect((await stored(ada))?.email).toBe(ada.email);
  });

  it('can be undone step by step, with the newest link first', async () => {
    const ada = await buildVerified();
    const first = newEmail();
    const undo = [await change(ada, first), await change(ada, newEmail())];
    for (const email of [first, ada.email]) {
      await report(undo.pop() ?? '').expect(202);
      expect(await stored(ada)).toEqual({ email, isVerified: true });
    }
  });

  it('can be undone once the earlier one is free again', async () => {
    const ada = await buildVerified();
    const undo = await change(ada, newEmail());
    const { id } = await buildUser(app);
    await app.database.query('UPDATE users SET email = $2 WHERE id = $1', [id, ada.email]);
    expectProblem(await report(undo), 409, 'email_taken');
    await app.as(ada.accessToken).get('/users/me').expect(200);
    await app.database.query('DELETE FROM users WHERE id = $1', [id]);
    await report(undo).expect(202);
    expect((await stored(ada))?.email).toBe(ada.email);
  });

  it('ends with a deactivation while pending, and can still be undone once completed', async () => {
    const [ada, admin] = [await buildVerified(), await buildSignedIn(app, 'admin')];
    const undo = await change(ada, newEmail());
    const pending = await issueToken(app, 'email_change', ada, newEmail());
    const user = `/admin/users/${ada.id}`;
    const setActive = (isActive: boolean) => app.as(admin.accessToken).patch(user).send({ isActive }).expect(200);
    await setActive(false);
    expectProblem(await report(undo), 422, 'token_used_or_expired');
    await setActive(true);
    expectProblem(await confirm(pending), 422, 'token_used_or_expired');
    await report(undo).expect(202);
    expect((await stored(ada))?.email).toBe(ada.email);
  });

  it('frees the earlier one if the account is deleted', async () => {
    const ada = await buildVerified();
    const undo = await change(ada, newEmail());
    await app.as(ada.accessToken).delete('/users/me').send({ password: ada.password }).expect(204);
    expectProblem(await report(undo), 422, 'token_used_or_expired');
    await register(ada.email).expect(201);
  });

  it('can be undone after a thief resets the password and uses a not-me link', async () => {
    const ada = await buildVerified();
    const [first, second] = [newEmail(), newEmail()];
    const undo = await change(ada, first);
    const undoOfThief = await change(ada, second);
    await app.request.post('/auth/password/forgot').send({ email: second }).expect(202);
    await reset((await next(second, /Reset/)).token).expect(204);
    await report((await next(second, /password .* was changed/)).token).expect(202);
    await report(undo).expect(202);
    expect((await stored(ada))?.email).toBe(ada.email);
    expectProblem(await report(undoOfThief), 422, 'token_used_or_expired');
    expectProblem(await reset((await next(second, /Reset/)).token), 422, 'token_used_or_expired');
  });

  it('reserves the earlier one while the change can be undone', async () => {
    const [ada, eve, admin] = [await buildVerified(), await buildSignedIn(app), await buildSignedIn(app, 'admin')];
    await change(ada, newEmail());
    expectProblem(await register(ada.email), 409, 'email_taken');
    const body = { email: ada.email, password: NEW_PASSWORD };
    expectProblem(await app.as(admin.accessToken).post('/admin/users').send(body), 409, 'email_taken');
    expectProblem(
      await app.as(admin.accessToken).patch(`/admin/users/${eve.id}`).send({ email: ada.email }),
      409,
      'email_taken',
    );
    expectProblem(await confirm(await issueToken(app, 'email_change', eve, ada.email)), 409, 'email_taken');
    await confirm(await issueToken(app, 'email_change', ada, ada.email)).expect(204);
    await confirm(await issueToken(app, 'email_change', ada, newEmail())).expect(204);
    await app.database.query(`UPDATE one_time_tokens SET expires_at = now() WHERE user_id = $1`, [ada.id]);
    await register(ada.email).expect(201);
  });

  it('has its requests and its end audited without an email', async () => {
    const ada = await buildSignedIn(app);
    const email = newEmail();
    await change(ada, email);
    const event = { outcome: 'success', reason: null, actor_id: ada.id };
    expect(await auditEvents(app, ada, 'email_change_requested')).toEqual([{ ...event, session_id: ada.sessionId }]);
    expect(await auditEvents(app, ada, 'email_changed')).toEqual([{ ...event, session_id: null }]);
    const [row] = await app.database.query<{ text: string }>(
      `SELECT string_agg(a::text, '') AS text FROM audit_events a WHERE user_id = $1`,
      [ada.id],
    );
    expect(row?.text).not.toContain('@example.com');
  });

  it('by an admin takes effect immediately, and the new one must be verified', async () => {
    const [ada, admin] = [await buildSignedIn(app), await buildSignedIn(app, 'admin')];
    await app.request.post('/auth/email/verify').send({ token: await issueToken(app, 'email_verification', ada) });
    const resetting = await issueToken(app, 'password_reset', ada);
    const email = newEmail();
    const patch = (fields: object) => app.as(admin.accessToken).patch(`/admin/users/${ada.id}`).send(fields);
    const { body } = await patch({ email: email.toUpperCase() }).expect(200);
    expect(body).toMatchObject({ email, emailVerifiedAt: null });
    expectProblem(await reset(resetting), 422, 'token_used_or_expired');
    const { token } = await next(email, /Verify/);
    await app.request.post('/auth/email/verify').send({ token }).expect(204);
    expect((await patch({ email }).expect(200)).body.emailVerifiedAt).not.toBeNull();
    const notice = await next(ada.email, /was changed/);
    expect(notice.text).toContain('an administrator');
    await report(notice.token).expect(202);
    expect(await stored(ada)).toEqual({ email: ada.email, isVerified: true });
  });

  it('by an admin cannot be undone if the account was inactive', async () => {
    const [ada, admin, email] = [await buildVerified(), await buildSignedIn(app, 'admin'), newEmail()];
    const undo = [await change(ada, email), await issueToken(app, 'not_me', ada, email)];
    for (const fields of [{ isActive: false }, { email: ada.email }, { isActive: true }])
      await app.as(admin.accessToken).patch(`/admin/users/${ada.id}`).send(fields).expect(200);
    expect((await next(email, /another email/)).text).not.toContain('#token=');
    for (const token of undo) expectProblem(await report(token), 422, 'token_used_or_expired');
  });

  it('by an admin is rejected if the new one is taken', async () => {
    const [ada, eve, admin] = [await buildUser(app), await buildUser(app), await buildSignedIn(app, 'admin')];
    const answer = await app.as(admin.accessToken).patch(`/admin/users/${ada.id}`).send({ email: eve.email });
    expectProblem(answer, 409, 'email_taken');
    expect(await mailKinds(app, ada)).toEqual(['verify_email']);
  });
});

describe('the limits of email changes', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ env: { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_VERIFY_ACCOUNT: '3/1h' } });
  });
  afterAll(() => app.close());

  const request = ({ accessToken }: SignedIn, email: string) =>
    app.as(accessToken).post('/users/me/email').send({ email });

  it('reject further requests of an account', async () => {
    const ada = await buildSignedIn(app);
    for (let i = 0; i < 3; i += 1) await request(ada, newEmail()).expect(202);
    const email = newEmail();
    expectProblem(await request(ada, email), 429, 'too_many_requests');
    expect(await mailKinds(app, { email })).toEqual([]);
  });

  it('stop mails to an email that many accounts request, with the same response', async () => {
    const email = newEmail();
    for (let i = 0; i < 4; i += 1) await request(await buildSignedIn(app), email).expect(202);
    expect(await mailKinds(app, { email })).toHaveLength(3);
  });
});
