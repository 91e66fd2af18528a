import { PasswordHasher } from '../../src/platform/passwords/password-hasher.js';
import { beforeHashing } from '../support/before-hashing.js';
import { buildSignedIn, buildUser, signIn, type BuiltUser } from '../support/builders.js';
import { decodeToken } from '../support/forge-token.js';
import { TestApp } from '../support/test-app.js';

describe('POST /auth/login', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start()));
  afterEach(() => jest.restoreAllMocks());
  afterAll(() => app.close());

  const login = (body: object) => app.request.post('/auth/login').send(body);
  const deactivate = ({ id }: BuiltUser) =>
    app.database.query('UPDATE users SET is_active = false WHERE id = $1', [id]);
  const sessionsOf = ({ id }: BuiltUser) => app.database.query('SELECT id FROM sessions WHERE user_id = $1', [id]);

  it('returns a token pair with exactly the documented fields', async () => {
    const ada = await buildUser(app);
    const { body, headers } = await login({ email: ada.email, password: ada.password }).expect(200);
    const me = await app.as(body.accessToken).get('/users/me').expect(200);
    expect(body).toEqual({
      accessToken: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]{43}$/),
      refreshToken: expect.stringMatching(/^[\w-]{92}$/),
      tokenType: 'Bearer',
      expiresIn: 900,
      sessionId: decodeToken(body.accessToken).claims['sid'],
      user: me.body,
    });
    expect(headers['cache-control']).toBe('no-store');
  });

  it('returns the configured lifetime of the access token', async () => {
    const short = await TestApp.start({ database: app.database, env: { ACCESS_TOKEN_TTL: '90s' } });
    const ada = await buildUser(app);
    const { body } = await short.request.post('/auth/login').send({ email: ada.email, password: ada.password });
    const { iat, exp } = decodeToken(body.accessToken).claims;
    expect([body.expiresIn, Number(exp) - Number(iat)]).toEqual([90, 90]);
    await short.close();
  });

  it.each([
    ['in upper case', (email: string) => email.toUpperCase()],
    ['with spaces around it', (email: string) => `\t${email} `],
  ])('accepts an email %s', async (_, variant) => {
    const ada = await buildUser(app);
    const { body } = await login({ email: variant(ada.email), password: ada.password }).expect(200);
    expect(body.user.id).toBe(ada.id);
  });

  describe('on failure', () => {
    const failures: readonly [string, () => Promise<{ email: string; password: string }>][] = [
      ['an unknown email', () => Promise.resolve({ email: 'nobody@example.com', password: 'seven lanterns at dusk' })],
      ['a wrong password', async () => ({ email: (await buildUser(app)).email, password: 'eight lanterns at dawn' })],
      [
        'an inactive user',
        async () => {
          const ada = await buildUser(app);
          await deactivate(ada);
          return { email: ada.email, password: ada.password };
        },
      ],
    ];

    it.each(failures)('returns the same response for %s as for the others', async (_, arrange) => {
      const { body, headers } = await login(await arrange()).expect(401);
      expect(body).toEqual({
        type: 'urn:gatehouse:problem:invalid_credentials',
        title: 'Invalid credentials',
        status: 401,
        detail: 'Incorrect email or password.',
        instance: '/auth/login',
        code: 'invalid_credentials',
        requestId: headers['x-request-id'],
      });
      expect(headers).toMatchObject({ 'www-authenticate': 'Bearer', 'cache-control': 'no-store' });
    });

    it.each(failures)('verifies one password and hashes none for %s', async (_, arrange) => {
      const credentials = await arrange();
      const hasher = app.app.get(PasswordHasher);
      const verify = jest.spyOn(hasher, 'verify');
      const hash = jest.spyOn(hasher, 'hash');
      await login(credentials).expect(401);
      expect([verify.mock.calls.length, hash.mock.calls.length]).toEqual([1, 0]);
    });

    it('creates no session for an inactive user', async () => {
      const ada = await buildUser(app);
      await deactivate(ada);
      await login({ email: ada.email, password: ada.password }).expect(401);
      expect(await sessionsOf(ada)).toHaveLength(0);
    });
  });

  it('creates no session if the user is deactivated during the password check', async () => {
    const ada = await buildUser(app);
    beforeHashing(app, 'verify', () => deactivate(ada));
    const { body } = await login({ email: ada.email, password: ada.password }).expect(401);
    expect(body.code).toBe('invalid_credentials');
    expect(await sessionsOf(ada)).toHaveLength(0);
  });

  describe('creates a session', () => {
    it('for each sign-in and revokes none', async () => {
      const ada = await buildUser(app);
      const [one, two] = [await signIn(app, ada), await signIn(app, ada)];
      expect(one.sessionId).not.toBe(two.sessionId);
      await app.as(one.accessToken).get('/users/me').expect(200);
      await app.as(two.accessToken).get('/users/me').expect(200);
    });

    it('even for a request with an access token', async () => {
      const ada = await buildSignedIn(app);
      const { email, password } = ada;
      const { body } = await app.as(ada.accessToken).post('/auth/login').send({ email, password }).expect(200);
      expect(body.sessionId).not.toBe(ada.sessionId);
    });

    it('whose ID the client cannot choose', async () => {
      const eve = await buildSignedIn(app);
      const { email, password } = await buildUser(app);
      const { body } = await login({ email, password })
        .query({ sessionId: eve.sessionId, sid: eve.sessionId })
        .set('Cookie', `sessionId=${eve.sessionId}; sid=${eve.sessionId}`)
        .set('X-Session-Id', eve.sessionId)
        .expect(200);
      expect(body.sessionId).not.toBe(eve.sessionId);
      await login({ email, password, sessionId: eve.sessionId }).expect(400);
    });

    it('with device name, IP address and user agent', async () => {
      const { email, password } = await buildUser(app);
      const { body } = await login({ email, password, deviceName: ' Ada’s laptop ' })
        .set('User-Agent', 'lamp/1')
        .expect(200);
      const session = await app.as(body.accessToken).get('/sessions/current').expect(200);
      expect(session.body).toMatchObject({ deviceName: 'Ada’s laptop', userAgent: 'lamp/1', ipAddress: '127.0.0.1' });
    });
  });

  it.each([
    ['a number as the email', { email: 7 }, '/email'],
    ['a list as the email', { email: ['ada@example.com'] }, '/email'],
    ['a query operator as the password', { password: { $ne: '' } }, '/password'],
    ['an empty password', { password: '' }, '/password'],
    ['a password with NUL', { password: 'seven lanterns at dusk\0' }, '/password'],
    ['a password of 90 kB', { password: 'x'.repeat(90_000) }, '/password'],
    ['a number as the device name', { deviceName: 7 }, '/deviceName'],
    ['null as the device name', { deviceName: null }, '/deviceName'],
    ['a blank device name', { deviceName: '  ' }, '/deviceName'],
    ['a device name that is too long', { deviceName: 'x'.repeat(101) }, '/deviceName'],
    ['an unknown field', { remember: true }, '/remember'],
  ])('rejects %s with 400', async (_, wrong, pointer) => {
    const { email, password } = await buildUser(app);
    const { body } = await login({ email, password, ...wrong }).expect(400);
    expect(body).toMatchObject({ code: 'validation_failed', errors: [{ pointer }] });
  });
});
