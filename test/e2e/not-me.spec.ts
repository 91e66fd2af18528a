import { auditEvents, mailKinds } from '../support/account-records.js';
import { buildSignedIn, buildUser, signIn, type BuiltUser } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { MailServer } from '../support/mail-server.js';
import { issueOldToken, issueToken, issueTokenOfInactive } from '../support/one-time-tokens.js';
import { TestApp } from '../support/test-app.js';

const NEW_PASSWORD = 'nine candles before dawn';

describe('POST /auth/not-me', () => {
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

  const report = (token: string, at = app) => at.request.post('/auth/not-me').send({ token });
  const login = ({ email }: BuiltUser, password: string, at = app) =>
    at.request.post('/auth/login').send({ email, password });
  const refresh = (refreshToken: string, at = app) => at.request.post('/auth/refresh').send({ refreshToken });
  const reset = (token: string) => app.request.post('/auth/password/reset').send({ token, newPassword: NEW_PASSWORD });
  const storedHash = async ({ id }: BuiltUser) =>
    (await app.database.query<{ hash: string }>('SELECT password_hash AS hash FROM users WHERE id = $1', [id]))[0]
      ?.hash;

  it('returns an account to its owner after a thief changed the password', async () => {
    const ada = await buildSignedIn(app);
    await mailServer.next(ada.email);
    const thief = await signIn(app, ada);
    const change = { currentPassword: ada.password, newPassword: 'the thief lives here now' };
    await app.as(thief.accessToken).post('/auth/password').send(change).expect(204);

    const warning = await mailServer.next(ada.email);
    const { text } = await report(warning.token).expect(202);
    expect(text).toBe('');
    const answer = await other.as(thief.accessToken).get('/users/me');
    expectProblem(answer, 401, 'session_revoked');
    expect(answer.body.reason).toBe('password_reset');
    expectProblem(await refresh(thief.refreshToken), 401, 'session_revoked');
    expectProblem(await login(ada, change.newPassword), 401, 'invalid_credentials');
    expectProblem(await login(ada, ada.password), 401, 'invalid_credentials');

    const { link, token } = await mailServer.next(ada.email);
    expect(link).toContain('/account/reset-password#token=');
    await reset(token).expect(204);
    await login(ada, NEW_PASSWORD).expect(200);
  });

  it('voids every other link of the account', async () => {
    const ada = await buildUser(app);
    const [older, resetting] = [await issueToken(app, 'not_me', ada), await issueToken(app, 'password_reset', ada)];
    const verifying = await issueToken(app, 'email_verification', ada);
    await report(await issueToken(app, 'not_me', ada)).expect(202);
    expectProblem(await report(older), 422, 'token_used_or_expired');
    expectProblem(await reset(resetting), 422, 'token_used_or_expired');
    const answer = await app.request.post('/auth/email/verify').send({ token: verifying });
    expectProblem(answer, 422, 'token_used_or_expired');
  });

  it('leaves a hash that takes as long to verify as any other', async () => {
    const ada = await buildUser(app);
    const before = await storedHash(ada);
    await report(await issueToken(app, 'not_me', ada)).expect(202);
    const after = await storedHash(ada);
    expect(after).not.toBe(before);
    expect(after).toMatch(/^\$bcrypt-sha256\$v=2,t=2b,r=4\$[./A-Za-z0-9]{22}\$[./A-Za-z0-9]{31}$/);
  });

  it('records an audit event and revokes no other user’s sessions', async () => {
    const [ada, eve] = [await buildSignedIn(app), await buildSignedIn(app)];
    await report(await issueToken(app, 'not_me', ada)).expect(202);
    expect(await auditEvents(app, ada, 'not_me_reported')).toEqual([
      { outcome: 'success', reason: null, actor_id: ada.id, session_id: null },
    ]);
    await app.as(eve.accessToken).get('/users/me').expect(200);
  });

  it.each<[string, (ada: BuiltUser) => Promise<string>]>([
    ['that has expired', (ada) => issueOldToken(app, 'not_me', ada)],
    ['for a password reset', (ada) => issueToken(app, 'password_reset', ada)],
    ['for email verification', (ada) => issueToken(app, 'email_verification', ada)],
    ['of an inactive user', () => issueTokenOfInactive(app, 'not_me')],
    ['that was guessed', () => Promise.resolve('A'.repeat(43))],
    ['that is malformed', () => Promise.resolve('not a token')],
  ])('rejects a token %s and changes nothing', async (_, make) => {
    const ada = await buildSignedIn(app);
    expectProblem(await report(await make(ada)), 422, 'token_used_or_expired');
    await app.as(ada.accessToken).get('/users/me').expect(200);
    await login(ada, ada.password).expect(200);
  });

  it('accepts a token once and sends one link for 20 concurrent requests', async () => {
    const ada = await buildUser(app);
    const token = await issueToken(app, 'not_me', ada);
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => report(token, i % 2 ? app : other)));
    expect(answers.map(({ status }) => status).sort()).toEqual([202, ...Array<number>(19).fill(422)]);
    expect((await mailKinds(app, ada)).filter((kind) => kind === 'reset_password')).toHaveLength(1);
  });
});
