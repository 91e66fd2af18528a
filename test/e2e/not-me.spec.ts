import { auditEvents, mailKinds } from '../support/account-records.js';
import { buildSignedIn, buildUser, signIn, type BuiltUser, type SignedIn } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { MailServer } from '../support/mail-server.js';
import { issueOldToken, issueToken, issueTokenOfInactive } from '../support/one-time-tokens.js';
import { TestApp } from '../support/test-app.js';

const NEW_PASSWORD = 'nine candles before dawn';

describe('the link to say: this was not me', () => {
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

  it('gives an account back to its owner after a thief changed its password', async () => {
    const ada = await buildSignedIn(app);
    await mailServer.next(ada.email);
    const thief = await signIn(app, ada);
    const change = { currentPassword: ada.password, newPassword: 'the thief lives here now' };
    await app.as(thief.accessToken).post('/auth/password').send(change).expect(204);

    const told = await mailServer.next(ada.email);
    const { text } = await report(told.token).expect(202);
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

  it('makes every other link of the account void', async () => {
    const ada = await buildUser(app);
    const [older, resetting] = [await issueToken(app, 'not_me', ada), await issueToken(app, 'password_reset', ada)];
    const verifying = await issueToken(app, 'email_verification', ada);
    await report(await issueToken(app, 'not_me', ada)).expect(202);
    expectProblem(await report(older), 422, 'token_used_or_expired');
    expectProblem(await reset(resetting), 422, 'token_used_or_expired');
    const answer = await app.request.post('/auth/email/verify').send({ token: verifying });
    expectProblem(answer, 422, 'token_used_or_expired');
  });

  it('leaves a hash that takes as long to try as any other', async () => {
    const ada = await buildUser(app);
    const before = await storedHash(ada);
    await report(await issueToken(app, 'not_me', ada)).expect(202);
    const after = await storedHash(ada);
    expect(after).not.toBe(before);
    expect(after).toMatch(/^\$bcrypt-sha256\$v=2,t=2b,r=4\$[./A-Za-z0-9]{22}\$[./A-Za-z0-9]{31}$/);
  });

  it('is recorded, and no one else’s sessions end', async () => {
    const [ada, eve] = [await buildSignedIn(app), await buildSignedIn(app)];
    await report(await issueToken(app, 'not_me', ada)).expect(202);
    expect(await auditEvents(app, ada, 'not_me_reported')).toEqual([
      { outcome: 'success', reason: null, actor_id: ada.id, session_id: null },
    ]);
    await app.as(eve.accessToken).get('/users/me').expect(200);
  });

  it.each<[string, (ada: BuiltUser) => Promise<string>]>([
    ['old', (ada) => issueOldToken(app, 'not_me', ada)],
    ['made for a new password', (ada) => issueToken(app, 'password_reset', ada)],
    ['made to verify an address', (ada) => issueToken(app, 'email_verification', ada)],
    ['of somebody inactive', () => issueTokenOfInactive(app, 'not_me')],
    ['that was guessed', () => Promise.resolve('A'.repeat(43))],
    ['that is malformed', () => Promise.resolve('not a token')],
  ])('does nothing with a token %s', async (_, make) => {
    const ada = await buildSignedIn(app);
    expectProblem(await report(await make(ada)), 422, 'token_used_or_expired');
    await app.as(ada.accessToken).get('/users/me').expect(200);
    await login(ada, ada.password).expect(200);
  });

  it('works once for 20 who follow it at once, on two instances, and mails one link', async () => {
    const ada = await buildUser(app);
    const token = await issueToken(app, 'not_me', ada);
    const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => report(token, i % 2 ? app : other)));
    expect(answers.map(({ status }) => status).sort()).toEqual([202, ...Array<number>(19).fill(422)]);
    expect((await mailKinds(app, ada)).filter((kind) => kind === 'reset_password')).toHaveLength(1);
  });
});
