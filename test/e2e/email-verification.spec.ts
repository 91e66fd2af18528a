import { auditEvents, mailKinds } from '../support/account-records.js';
import { buildSignedIn, buildUser, signIn, type BuiltUser } from '../support/builders.js';
import { RFC_3339 } from '../support/constants.js';
import { expectProblem } from '../support/expect-problem.js';
import { MailServer } from '../support/mail-server.js';
import { issueOldToken, issueToken, issueTokenOfInactive } from '../support/one-time-tokens.js';
import { TestApp } from '../support/test-app.js';

const PASSWORD = 'seven lanterns at dusk';

describe('an email address', () => {
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

  const verify = (token: string, at = app) => at.request.post('/auth/email/verify').send({ token });
  const requestLink = (accessToken: string) => app.as(accessToken).post('/auth/email/verification');
  const verifiedAt = async ({ id }: { id: string }) => {
    const [row] = await app.database.query<{ at: Date | null }>(
      'SELECT email_verified_at AS at FROM users WHERE id = $1',
      [id],
    );
    return row?.at ?? null;
  };
  const links = async (user: BuiltUser) => (await mailKinds(app, user)).filter((kind) => kind === 'verify_email');

  it('is verified by the link that a new account gets by mail', async () => {
    const email = 'new@example.com';
    const { body: user } = await app.request.post('/auth/register').send({ email, password: PASSWORD }).expect(201);
    expect(user.emailVerifiedAt).toBeNull();
    const { link, token } = await mailServer.next(email);
    expect(link).toBe(`${app.config.publicUrl}/account/verify-email#token=${token}`);
    const { text } = await verify(token).expect(204);
    expect(text).toBe('');
    const { accessToken } = await signIn(app, { id: user.id as string, email, password: PASSWORD });
    const { body } = await app.as(accessToken).get('/users/me').expect(200);
    expect(body.emailVerifiedAt).toMatch(RFC_3339);
  });

  it('gets a link if an admin creates the account', async () => {
    const { accessToken } = await buildSignedIn(app, 'admin');
    const email = 'made@example.com';
    await app.as(accessToken).post('/admin/users').send({ email, password: PASSWORD }).expect(201);
    expect(await links({ id: '', email, password: PASSWORD })).toHaveLength(1);
  });

  it('gets no link if no account is created', async () => {
    const ada = await buildUser(app);
    await app.request.post('/auth/register').send({ email: ada.email, password: PASSWORD }).expect(409);
    expect(await links(ada)).toHaveLength(1);
  });

  it('gets a new link on request, which invalidates the previous one', async () => {
    const ada = await buildSignedIn(app);
    const older = await mailServer.next(ada.email);
    const { text } = await requestLink(ada.accessToken).expect(202);
    expect(text).toBe('');
    const newer = await mailServer.next(ada.email);
    expectProblem(await verify(older.token), 422, 'token_used_or_expired');
    await verify(newer.token).expect(204);
  });

  it('gets no link but the same response if already verified', async () => {
    const ada = await buildSignedIn(app);
    await verify(await issueToken(app, 'email_verification', ada)).expect(204);
    const { text } = await requestLink(ada.accessToken).expect(202);
    expect(text).toBe('');
    expect(await links(ada)).toHaveLength(1);
  });

  it('is verified once by two requests that wait for the same user', async () => {
    const ada = await buildUser(app);
    const token = await issueToken(app, 'email_verification', ada);
    const [first, second] = await app.database.queue(
      `SELECT FROM users WHERE id = '${ada.id}' FOR UPDATE`,
      () => verify(token),
      () => verify(token, other),
    );
    expect(first.status).toBe(204);
    expectProblem(second, 422, 'token_used_or_expired');
  });

  it('keeps the time of its first verification', async () => {
    const ada = await buildUser(app);
    await verify(await issueToken(app, 'email_verification', ada)).expect(204);
    const first = await verifiedAt(ada);
    await verify(await issueToken(app, 'email_verification', ada)).expect(204);
    expect(first).toBeInstanceOf(Date);
    expect(await verifiedAt(ada)).toEqual(first);
  });

  it('has its link requests and its verification audited', async () => {
    const ada = await buildSignedIn(app);
    await requestLink(ada.accessToken).expect(202);
    await verify(await issueToken(app, 'email_verification', ada)).expect(204);
    const event = { outcome: 'success', reason: null, actor_id: ada.id };
    expect(await auditEvents(app, ada, 'email_verification_requested')).toEqual([
      { ...event, session_id: ada.sessionId },
    ]);
    expect(await auditEvents(app, ada, 'email_verified')).toEqual([{ ...event, session_id: null }]);
  });

  it.each<[string, (ada: BuiltUser) => Promise<string>]>([
    [
      'that was used',
      async () => {
        const token = await issueToken(app, 'email_verification', await buildUser(app));
        await verify(token).expect(204);
        return token;
      },
    ],
    ['that has expired', (ada) => issueOldToken(app, 'email_verification', ada)],
    ['for a password reset', (ada) => issueToken(app, 'password_reset', ada)],
    ['of a not-me link', (ada) => issueToken(app, 'not_me', ada)],
    ['of an inactive user', () => issueTokenOfInactive(app, 'email_verification')],
    ['that was guessed', () => Promise.resolve('A'.repeat(43))],
    ['that is malformed', () => Promise.resolve('../..')],
  ])('is not verified by a token %s', async (_, make) => {
    const ada = await buildUser(app);
    expectProblem(await verify(await make(ada)), 422, 'token_used_or_expired');
    expect(await verifiedAt(ada)).toBeNull();
  });

  it('is verified once by 20 concurrent requests on two instances', async () => {
    const token = await issueToken(app, 'email_verification', await buildUser(app));
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => verify(token, i % 2 ? app : other)));
    expect(answers.map(({ status }) => status).sort()).toEqual([204, ...Array<number>(19).fill(422)]);
  });

  it('does not have to be verified to sign in by default', async () => {
    const ada = await signIn(app, await buildUser(app));
    expect(await verifiedAt(ada)).toBeNull();
  });
});

describe('with EMAIL_VERIFICATION_REQUIRED, a sign-in', () => {
  let app: TestApp;
  let other: TestApp;
  beforeAll(async () => {
    [app, other] = await TestApp.startTwo({ env: { EMAIL_VERIFICATION_REQUIRED: 'true' } });
  });
  afterAll(() => app.close());

  const login = ({ email, password }: Omit<BuiltUser, 'id'>, at = app) =>
    at.request.post('/auth/login').send({ email, password });
  const links = async (user: BuiltUser) => (await mailKinds(app, user)).length;
  const letTimePass = ({ id }: BuiltUser) =>
    app.database.query(`UPDATE one_time_tokens SET created_at = created_at - interval '5 minutes' WHERE user_id = $1`, [
      id,
    ]);

  it('gets 403 and no session if the email is not verified', async () => {
    const ada = await buildUser(app);
    expectProblem(await login(ada), 403, 'email_not_verified');
    expect(await app.database.query('SELECT FROM sessions WHERE user_id = $1', [ada.id])).toHaveLength(0);
  });

  it('reveals the missing verification only with the right password', async () => {
    const ada = await buildUser(app);
    const wrong = await login({ ...ada, password: 'eight lanterns at dawn' });
    const unknown = await login({ ...ada, email: `not-${ada.email}` });
    expectProblem(wrong, 401, 'invalid_credentials');
    expectProblem(unknown, 401, 'invalid_credentials');
    expect(await links(ada)).toBe(1);
  });

  it('is audited with the reason', async () => {
    const ada = await buildUser(app);
    await login(ada).expect(403);
    expect(await auditEvents(app, ada, 'sign_in')).toEqual([
      { outcome: 'failure', reason: 'email_not_verified', actor_id: ada.id, session_id: null },
    ]);
  });

  it('sends a new link at most every five minutes', async () => {
    const ada = await buildUser(app);
    await login(ada).expect(403);
    expect(await links(ada)).toBe(1);
    await letTimePass(ada);
    const answers = await Promise.all(Array.from({ length: 10 }, (_, i) => login(ada, i % 2 ? app : other)));
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([403]));
    expect(await links(ada)).toBe(2);
  });

  it('gets invalid_grant from the token endpoint', async () => {
    const ada = await buildUser(app);
    const form = { grant_type: 'password', username: ada.email, password: ada.password };
    const { body } = await app.request.post('/auth/token').type('form').send(form).expect(400);
    expect(body).toEqual({ error: 'invalid_grant', error_description: expect.stringContaining('Verify your email') });
  });

  it('succeeds after the verification', async () => {
    const ada = await buildUser(app);
    const token = await issueToken(app, 'email_verification', ada);
    await app.request.post('/auth/email/verify').send({ token }).expect(204);
    const { body } = await login(ada).expect(200);
    expect(body.user.emailVerifiedAt).toMatch(RFC_3339);
  });

  it('succeeds after a password reset, which also verifies the email', async () => {
    const ada = await buildUser(app);
    const token = await issueToken(app, 'password_reset', ada);
    const password = 'nine candles before dawn';
    await app.request.post('/auth/password/reset').send({ token, newPassword: password }).expect(204);
    await login({ ...ada, password }).expect(200);
  });
});
