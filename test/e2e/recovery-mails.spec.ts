import { buildSignedIn, buildUser } from '../support/builders.js';
import { enrollTotp } from '../support/factors.js';
import { MailServer } from '../support/mail-server.js';
import { TestApp } from '../support/test-app.js';

const NEW_PASSWORD = 'nine candles before dawn';
const SAFARI =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15';

describe('a recovery mail', () => {
  let mailServer: MailServer;
  let app: TestApp;
  beforeAll(async () => {
    mailServer = await MailServer.start();
    app = await TestApp.start({ env: { SMTP_URL: mailServer.url, PUBLIC_URL: 'https://app.example.com' } });
  });
  afterAll(async () => {
    await app.close();
    await mailServer.close();
  });

  const post = (path: string, body: object) => app.request.post(path).set('User-Agent', SAFARI).send(body);
  /** Returns the next mail whose subject matches. */
  const nextMail = async (email: string, subject: RegExp) => {
    for (;;) {
      const mail = await mailServer.next(email);
      if (subject.test(mail.subject)) return mail;
    }
  };

  it('contains a link that resets a forgotten password once', async () => {
    const ada = await buildUser(app);
    await post('/auth/password/forgot', { email: ada.email }).expect(202);
    const { link, token } = await nextMail(ada.email, /password/i);
    expect(link).toBe(`https://app.example.com/account/reset-password#token=${token}`);
    await post('/auth/password/reset', { token, newPassword: NEW_PASSWORD }).expect(204);
    await post('/auth/password/reset', { token, newPassword: NEW_PASSWORD }).expect(422);
    await post('/auth/login', { email: ada.email, password: NEW_PASSWORD }).expect(200);
  });

  it('about a password change names IP address and device and links to /account/not-me', async () => {
    const ada = await buildSignedIn(app);
    await app
      .as(ada.accessToken)
      .post('/auth/password')
      .set('User-Agent', SAFARI)
      .send({ currentPassword: ada.password, newPassword: NEW_PASSWORD })
      .expect(204);
    const { text, link } = await nextMail(ada.email, /password.*changed/i);
    expect(text).toContain('Safari on macOS');
    expect(text).toContain('127.0.0.1');
    expect(link).toMatch(/^https:\/\/app\.example\.com\/account\/not-me#token=[\w-]{43}$/);
  });

  it.each([
    ['Phone', 'authenticator app “Phone”\n'],
    ['Call 0800 123 456 or visit evil.example', 'authenticator app\n'],
  ])('about a second factor with the name %j contains %j', async (name, about) => {
    const ada = await buildSignedIn(app);
    const { id } = await enrollTotp(app, ada);
    await app.as(ada.accessToken).patch(`/auth/factors/${id}`).send({ name }).expect(200);
    const { text } = await nextMail(ada.email, /renamed/);
    expect(text).toContain(`Second factor: ${about}`);
  });
});
