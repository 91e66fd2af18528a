import { buildSignedIn, buildUser } from '../support/builders.js';
import { NO_DATABASE } from '../support/constants.js';
import { decodeToken } from '../support/forge-token.js';
import { sessionRow } from '../support/session-row.js';
import { TestApp } from '../support/test-app.js';

/** The characters allowed in `error_description` (RFC 6749 §5.2). */
const DESCRIPTION = /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/;

describe('POST /auth/token', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start()));
  afterAll(() => app.close());

  const token = (form: object | string, at = app) => at.request.post('/auth/token').type('form').send(form);
  const passwordForm = ({ email, password }: { email: string; password: string }) => ({
    grant_type: 'password',
    username: email,
    password,
  });
  const refreshForm = (refreshToken: string) => ({ grant_type: 'refresh_token', refresh_token: refreshToken });
  const oauthError = (error: string) => ({ error, error_description: expect.stringMatching(DESCRIPTION) });

  describe('with the password grant', () => {
    it('returns exactly the documented fields in OAuth format', async () => {
      const ada = await buildUser(app);
      const { body, headers } = await token(passwordForm(ada)).expect(200);
      expect(body).toEqual({
        access_token: expect.stringMatching(/^[\w-]+\.[\w-]+\.[\w-]{43}$/),
        token_type: 'bearer',
        expires_in: 900,
        refresh_token: expect.stringMatching(/^[\w-]{92}$/),
      });
      expect(headers).toMatchObject({ 'cache-control': 'no-store', pragma: 'no-cache' });
      expect(headers['content-type']).toMatch(/^application\/json/);
    });

    it('returns the granted scope if the client requests any', async () => {
      const ada = await buildUser(app);
      const granted = await token({ ...passwordForm(ada), scope: 'openid offline_access' }).expect(200);
      expect(granted.body.scope).toBe('api');
      const { body } = await token({ ...refreshForm(granted.body.refresh_token as string), scope: 'api' }).expect(200);
      expect(body.scope).toBe('api');
      expect((await token({ ...passwordForm(ada), scope: '' }).expect(200)).body).not.toHaveProperty('scope');
    });

    it('returns a valid access token', async () => {
      const ada = await buildUser(app);
      const { body } = await token(passwordForm(ada)).expect(200);
      const me = await app
        .as(body.access_token as string)
        .get('/users/me')
        .expect(200);
      expect(me.body.id).toBe(ada.id);
    });

    it('creates a new session each time', async () => {
      const ada = await buildUser(app);
      const answers = [await token(passwordForm(ada)), await token(passwordForm(ada))];
      const ids = answers.map(({ body }) => decodeToken(body.access_token as string).claims['sid']);
      expect(new Set(ids).size).toBe(2);
    });

    it('normalizes the email address in username', async () => {
      const ada = await buildUser(app);
      const { body } = await token(passwordForm({ ...ada, email: ` ${ada.email.toUpperCase()} ` })).expect(200);
      expect(decodeToken(body.access_token as string).claims['sub']).toBe(ada.id);
    });

    it('does not change the password', async () => {
      const ada = await buildUser(app, { password: ' a+b&c=d%20🐉é\u0301"; ' });
      const { body } = await token(passwordForm(ada)).expect(200);
      expect(decodeToken(body.access_token as string).claims['sub']).toBe(ada.id);
    });

    it.each([
      ['an unknown email address', (email: string) => ({ email: `not-${email}`, password: 'seven lanterns at dusk' })],
      ['a wrong password', (email: string) => ({ email, password: 'eight lanterns at dawn' })],
      ['an invalid email address', () => ({ email: 'ada', password: 'seven lanterns at dusk' })],
    ])('returns 400 invalid_grant for %s', async (_, credentials) => {
      const ada = await buildUser(app);
      const { body, headers } = await token(passwordForm(credentials(ada.email))).expect(400);
      expect(body).toEqual(oauthError('invalid_grant'));
      expect(headers['cache-control']).toBe('no-store');
      expect(headers).not.toHaveProperty('www-authenticate');
    });

    it('returns the same error for an inactive user as for a wrong password', async () => {
      const ada = await buildUser(app);
      const wrong = await token(passwordForm({ ...ada, password: 'eight lanterns at dawn' })).expect(400);
      await app.database.query('UPDATE users SET is_active = false WHERE id = $1', [ada.id]);
      const inactive = await token(passwordForm(ada)).expect(400);
      expect(inactive.body).toEqual(wrong.body);
    });
  });

  describe('with the refresh grant', () => {
    it('returns the next tokens of the session', async () => {
      const ada = await buildSignedIn(app);
      const { body } = await token(refreshForm(ada.refreshToken)).expect(200);
      expect(body).toEqual({
        access_token: expect.any(String),
        token_type: 'bearer',
        expires_in: 900,
        refresh_token: expect.stringMatching(/^[\w-]{92}$/),
      });
      expect(body.refresh_token).not.toBe(ada.refreshToken);
      expect(decodeToken(body.access_token as string).claims['sid']).toBe(ada.sessionId);
    });

    it('uses the same tokens as POST /auth/refresh', async () => {
      const ada = await buildUser(app);
      const first = await token(passwordForm(ada)).expect(200);
      const { refresh_token: refreshToken } = first.body;
      const second = await app.request.post('/auth/refresh').send({ refreshToken }).expect(200);
      const third = await token(refreshForm(second.body.refreshToken as string)).expect(200);
      expect(decodeToken(third.body.access_token as string).claims['sid']).toBe(second.body.sessionId);
    });

    it('revokes the session of a reused token, despite the 400', async () => {
      const ada = await buildSignedIn(app);
      const second = await token(refreshForm(ada.refreshToken)).expect(200);
      await token(refreshForm(second.body.refresh_token as string)).expect(200);
      const { body } = await token(refreshForm(ada.refreshToken)).expect(400);
      expect(body).toEqual(oauthError('invalid_grant'));
      expect((await sessionRow(app.database, ada.sessionId)).revoked_reason).toBe('refresh_reuse');
    });

    it('returns 400 invalid_grant for a malformed token', async () => {
      const { body } = await token(refreshForm('x')).expect(400);
      expect(body).toEqual(oauthError('invalid_grant'));
    });

    it.each([
      ['a revoked session', `UPDATE sessions SET revoked_at = now(), revoked_reason = 'admin' WHERE user_id = $1`],
      ['an expired session', `UPDATE sessions SET idle_expires_at = now() - interval '1 s' WHERE user_id = $1`],
      ['a deleted session', 'DELETE FROM sessions WHERE user_id = $1'],
      ['an inactive user', 'UPDATE users SET is_active = false WHERE id = $1'],
    ])('returns 400 invalid_grant for a token of %s', async (_, sql) => {
      const ada = await buildSignedIn(app);
      await app.database.query(sql, [ada.id]);
      const { body } = await token(refreshForm(ada.refreshToken)).expect(400);
      expect(body).toEqual(oauthError('invalid_grant'));
    });

    it('rejects an access token', async () => {
      const ada = await buildSignedIn(app);
      const { body } = await token(refreshForm(ada.accessToken)).expect(400);
      expect(body.error).toBe('invalid_grant');
    });
  });

  describe('with an invalid form', () => {
    const p = 'grant_type=password&username=ada%40example.com&password=seven+lanterns+at+dusk';

    it.each([
      ['an empty form', ''],
      ['no grant type', 'username=ada%40example.com&password=x'],
      ['an empty grant type', 'grant_type=&username=a&password=x'],
      ['no username', 'grant_type=password&password=x'],
      ['an empty username', 'grant_type=password&username=&password=x'],
      ['no password', 'grant_type=password&username=a'],
      ['an empty password', 'grant_type=password&username=a&password='],
      ['no refresh token', 'grant_type=refresh_token'],
      ['the JSON field name', 'grant_type=refresh_token&refreshToken=x'],
      ['the grant type twice', `${p}&grant_type=password`],
      ['two grant types', `grant_type=refresh_token&${p}`],
      ['the username twice', `${p}&username=eve%40example.com`],
      ['the password twice', `${p}&password=x`],
      ['the scope twice', `${p}&scope=a&scope=b`],
      ['the refresh token twice', 'grant_type=refresh_token&refresh_token=x&refresh_token=x'],
      ['a username in brackets', 'grant_type=password&username[]=a&password=x'],
      ['a NUL in the username', 'grant_type=password&username=a%00&password=x'],
      ['a NUL in the password', 'grant_type=password&username=a&password=x%00'],
      ['a username that is too long', `grant_type=password&username=${'a'.repeat(2_049)}&password=x`],
      ['hundreds of fields', `${p}&${'a=1&'.repeat(200)}`],
      ['more than 100 kB', `${p}&a=${'a'.repeat(102_400)}`],
    ])('returns 400 invalid_request for %s', async (_, form) => {
      const { body, headers } = await token(form).expect(400);
      expect(body).toEqual(oauthError('invalid_request'));
      expect(headers['cache-control']).toBe('no-store');
    });

    it.each(['client_credentials', 'authorization_code', 'implicit', 'Password', 'password ', '__proto__', 'toString'])(
      'returns 400 unsupported_grant_type for %j',
      async (grantType) => {
        const { body } = await token({ grant_type: grantType, username: 'a', password: 'b' }).expect(400);
        expect(body).toEqual(oauthError('unsupported_grant_type'));
      },
    );

    it.each([
      'application/json',
      'text/plain',
      'multipart/form-data; boundary=x',
      'application/x-www-form-urlencoded; charset=utf-16',
    ])('returns 400 invalid_request for the content type %s', async (type) => {
      const { body } = await app.request.post('/auth/token').set('Content-Type', type).send(p).expect(400);
      expect(body).toEqual(oauthError('invalid_request'));
    });

    it('rejects valid credentials in JSON', async () => {
      const ada = await buildUser(app);
      const { body } = await app.request.post('/auth/token').send(passwordForm(ada)).expect(400);
      expect(body).toEqual(oauthError('invalid_request'));
    });

    it('rejects valid credentials in the query', async () => {
      const ada = await buildUser(app);
      const { body } = await app.request.post('/auth/token').query(passwordForm(ada)).expect(400);
      expect(body).toEqual(oauthError('invalid_request'));
    });
  });

  it('ignores unknown parameters, as OAuth requires', async () => {
    const ada = await buildUser(app);
    const extra = { client_id: 'swagger', client_secret: 's', session_id: 'x', deviceName: 'x' };
    const { body } = await token({ ...passwordForm(ada), ...extra }).expect(200);
    expect(Object.keys(body as object).sort()).toEqual(['access_token', 'expires_in', 'refresh_token', 'token_type']);
  });

  it('ignores client credentials, which Swagger UI sends in a Basic header', async () => {
    const ada = await buildUser(app);
    const { status } = await token(passwordForm(ada)).auth('swagger', '');
    expect(status).toBe(200);
  });

  it('rejects other methods with 405', async () => {
    const { body, headers } = await app.request.get('/auth/token?x=1').expect(405);
    expect(body).toEqual(oauthError('invalid_request'));
    expect(headers['allow']).toBe('POST');
  });

  it('validates the form before it queries the database', async () => {
    const env = { DATABASE_URL: NO_DATABASE };
    const cut = await TestApp.start({ database: app.database, env });
    const forms = [
      {},
      { grant_type: 'implicit' },
      refreshForm('x'),
      { grant_type: 'password', username: 'a', password: 'b' },
    ];
    const answers = await Promise.all(forms.map((form) => token(form, cut)));
    await cut.close();
    expect(answers.map(({ status, body }) => `${status} ${body.error}`)).toEqual([
      '400 invalid_request',
      '400 unsupported_grant_type',
      '400 invalid_grant',
      '503 temporarily_unavailable',
    ]);
    expect(answers[3]?.headers['retry-after']).toBe('1');
  });
});
