import { mailKinds } from '../support/account-records.js';
import { buildSignedIn, buildUser, signIn, type BuiltUser, type SignedIn } from '../support/builders.js';
import { MailServer } from '../support/mail-server.js';
import { TestApp } from '../support/test-app.js';

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
const SAFARI =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.5 Safari/605.1.15';

describe('security mails', () => {
  let mailServer: MailServer;
  let app: TestApp;
  let other: TestApp;
  beforeAll(async () => {
    mailServer = await MailServer.start();
    [app, other] = await TestApp.startTwo({ env: { SMTP_URL: mailServer.url, TRUST_PROXY: 'loopback' } });
  });
  afterAll(async () => {
    await app.close();
    await mailServer.close();
  });

  const login = (
    user: BuiltUser,
    { userAgent = FIREFOX, address = '203.0.113.7', ...body }: Record<string, string> = {},
  ) =>
    app.request
      .post('/auth/login')
      .set('User-Agent', userAgent)
      .set('X-Forwarded-For', address)
      .send({ email: user.email, password: user.password, ...body });
  const countNewDeviceMails = async (user: BuiltUser) =>
    (await mailKinds(app, user)).filter((kind) => kind === 'new_device').length;

  describe('about a new device', () => {
    it('name the device, IP address and time of the sign-in', async () => {
      const ada = await buildUser(app);
      await mailServer.next(ada.email);
      await login(ada).expect(200);
      await login(ada, { userAgent: SAFARI, address: '198.51.100.23' }).expect(200);
      const { subject, text, link } = await mailServer.next(ada.email);
      expect(subject).toBe('New sign-in to Gatehouse');
      expect(text).toContain('Safari on macOS');
      expect(text).toContain('198.51.100.23');
      expect(text).toMatch(/\d{1,2} \w+ \d{4}, \d{2}:\d{2} UTC/);
      expect(link).toContain('/account/not-me#token=');
      expect(await countNewDeviceMails(ada)).toBe(1);
    });

    it('contain the device name from the request', async () => {
      const ada = await buildUser(app);
      await mailServer.next(ada.email);
      await login(ada).expect(200);
      await login(ada, { userAgent: SAFARI, deviceName: 'The reading room' }).expect(200);
      const { text } = await mailServer.next(ada.email);
      expect(text).toContain('The reading room');
    });

    it.each([
      ['Firefox on Linux', 'https://evil.example/help', FIREFOX],
      ['Firefox on Linux', 'Your account is in danger, call 030 1234567', FIREFOX],
      ['Firefox on Linux', 'x'.repeat(61), FIREFOX],
      ['Unknown device', 'evil.example', 'evil.example/1.0 (www.evil.example)'],
      ['Pixel 9 (work)', 'Pixel 9 (work)', 'evil.example'],
    ])('show the device as %s when the request names it %j', async (device, deviceName, userAgent) => {
      const ada = await buildUser(app);
      await mailServer.next(ada.email);
      await login(ada, { userAgent: SAFARI }).expect(200);
      await login(ada, { userAgent, deviceName }).expect(200);
      const { text, token } = await mailServer.next(ada.email);
      expect(text).toContain(`  Device: ${device}\n`);
      // The token is random, so it could contain one of these.
      expect(text.replaceAll(token, '')).not.toMatch(/evil|1234567|xxxx/);
    });

    it('are limited to ten per hour, unlike mails about a new password', async () => {
      const ada = await buildUser(app);
      await app.database.query(`UPDATE users SET email_verified_at = now() WHERE id = $1`, [ada.id]);
      for (let i = 0; i < 13; i += 1) await login(ada, { userAgent: `device ${i}` }).expect(200);
      expect(await countNewDeviceMails(ada)).toBe(10);
      const { accessToken } = await signIn(app, ada);
      const change = { currentPassword: ada.password, newPassword: 'nine herons over the marsh' };
      await app.as(accessToken).post('/auth/password').send(change).expect(204);
      expect(await mailKinds(app, ada)).toContain('password_changed');
      await app.database.query(`UPDATE mails SET created_at = created_at - interval '1 hour'`);
      await login({ ...ada, password: change.newPassword }, { userAgent: 'one more' }).expect(200);
      expect(await countNewDeviceMails(ada)).toBe(11);
    });

    it('are limited to three per day for an unverified email, even if registered again', async () => {
      const email = 'never-verified@example.com';
      let ada = await buildUser(app, { email });
      for (let i = 0; i < 6; i += 1) await login(ada, { userAgent: `device ${i}` }).expect(200);
      expect(await countNewDeviceMails(ada)).toBe(3);
      const { accessToken } = await signIn(app, ada);
      const change = { currentPassword: ada.password, newPassword: 'nine herons over the marsh' };
      await app.as(accessToken).post('/auth/password').send(change).expect(204);
      expect((await mailKinds(app, ada)).filter((kind) => kind === 'password_changed')).toHaveLength(1);

      await app.database.query(`DELETE FROM users WHERE id = $1`, [ada.id]);
      ada = await buildUser(app, { email });
      for (let i = 0; i < 3; i += 1) await login(ada, { userAgent: `device ${i}` }).expect(200);
      expect(await countNewDeviceMails(ada)).toBe(3);
      await app.database.query(`UPDATE mails SET created_at = created_at - interval '1 day' WHERE recipient = $1`, [
        email,
      ]);
      await login(ada, { userAgent: 'one more' }).expect(200);
      expect(await countNewDeviceMails(ada)).toBe(4);
    });

    it('are not sent for the first sign-in to a new account', async () => {
      const ada = await buildUser(app);
      await login(ada).expect(200);
      expect(await countNewDeviceMails(ada)).toBe(0);
    });

    it('are sent for a sign-in to an old account without sessions', async () => {
      const ada = await buildUser(app);
      await app.database.query(`UPDATE users SET created_at = now() - interval '2 days' WHERE id = $1`, [ada.id]);
      await login(ada).expect(200);
      expect(await countNewDeviceMails(ada)).toBe(1);
    });

    it('are not sent for a device that signed in before', async () => {
      const ada = await buildUser(app);
      await login(ada).expect(200);
      await login(ada, { userAgent: SAFARI }).expect(200);
      await login(ada).expect(200);
      await login(ada, { userAgent: SAFARI }).expect(200);
      expect(await countNewDeviceMails(ada)).toBe(1);
    });

    it('are not sent for a device that signed out', async () => {
      const ada = await buildUser(app);
      const { body } = await login(ada).expect(200);
      await app
        .as((body as SignedIn).accessToken)
        .post('/auth/logout')
        .expect(204);
      await login(ada).expect(200);
      expect(await countNewDeviceMails(ada)).toBe(0);
    });

    it('are sent for a device whose session another device revoked', async () => {
      const ada = await buildUser(app);
      const { body: stolen } = await login(ada, { userAgent: SAFARI }).expect(200);
      const { body: own } = await login(ada).expect(200);
      const before = await countNewDeviceMails(ada);
      const { accessToken } = own as SignedIn;
      await app
        .as(accessToken)
        .delete(`/sessions/${(stolen as SignedIn).sessionId}`)
        .expect(204);
      await login(ada, { userAgent: SAFARI }).expect(200);
      expect(await countNewDeviceMails(ada)).toBe(before + 1);
    });

    it('are sent for the same browser in another network', async () => {
      const ada = await buildUser(app);
      await login(ada).expect(200);
      await login(ada, { address: '198.51.100.23' }).expect(200);
      expect(await countNewDeviceMails(ada)).toBe(1);
    });

    it('are not sent for a device that presents a refresh token of the account', async () => {
      const ada = await buildUser(app);
      const { body } = await login(ada).expect(200);
      const { refreshToken } = body as SignedIn;
      await login(ada, { userAgent: SAFARI, address: '198.51.100.23', refreshToken }).expect(200);
      expect(await countNewDeviceMails(ada)).toBe(0);
    });

    it('are sent for a device whose session was revoked by a password reset', async () => {
      const ada = await buildUser(app);
      await login(ada).expect(200);
      await app.database.query(
        `UPDATE sessions SET revoked_at = now(), revoked_reason = 'password_reset' WHERE user_id = $1`,
        [ada.id],
      );
      await login(ada).expect(200);
      expect(await countNewDeviceMails(ada)).toBe(1);
    });

    it('are not sent for a failed sign-in', async () => {
      const ada = await buildUser(app);
      await login(ada).expect(200);
      await login({ ...ada, password: 'eight lanterns at dawn' }, { userAgent: SAFARI }).expect(401);
      expect(await countNewDeviceMails(ada)).toBe(0);
    });

    it('are sent once for ten concurrent sign-ins from a new device', async () => {
      const ada = await buildUser(app);
      await login(ada).expect(200);
      await Promise.all(Array.from({ length: 10 }, () => login(ada, { userAgent: SAFARI }).expect(200)));
      expect(await countNewDeviceMails(ada)).toBe(1);
    });
  });

  describe('about a reused refresh token', () => {
    const refresh = (refreshToken: string, at = app) => at.request.post('/auth/refresh').send({ refreshToken });

    it('are sent once and name the device of the revoked session', async () => {
      const ada = await buildUser(app);
      await mailServer.next(ada.email);
      const stolen = (await login(ada, { userAgent: SAFARI }).expect(200)).body.refreshToken as string;
      const second = (await refresh(stolen).expect(200)).body.refreshToken as string;
      await refresh(second).expect(200);
      const answers = await Promise.all(Array.from({ length: 20 }, (_, i) => refresh(stolen, i % 2 ? app : other)));
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
      const { subject, text, link } = await mailServer.next(ada.email);
      expect(subject).toBe('You were signed out of Gatehouse on one device');
      expect(text).toContain('Safari on macOS');
      expect(link).toContain('/account/not-me#token=');
      expect(await mailKinds(app, ada)).toEqual(['verify_email', 'refresh_token_reused']);
    });

    it('are not sent for a forged token', async () => {
      const ada = await buildSignedIn(app);
      await refresh(`${ada.refreshToken.slice(0, -4)}AAAA`).expect(401);
      expect(await mailKinds(app, ada)).not.toContain('refresh_token_reused');
    });
  });
});
