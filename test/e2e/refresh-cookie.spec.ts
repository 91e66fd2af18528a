import type { Response } from 'supertest';
import { buildSignedIn, buildUser, type BuiltUser } from '../support/builders.js';
import { NO_DATABASE } from '../support/constants.js';
import { cookiesOf } from '../support/cookies.js';
import { expectProblem } from '../support/expect-problem.js';
import { forgeToken } from '../support/forge-token.js';
import { mailKinds } from '../support/account-records.js';
import { sessionRow } from '../support/session-row.js';
import { TestApp } from '../support/test-app.js';

const NAME = '__Secure-refresh';
const ORIGIN = 'https://app.example.com';
const env = {
  CORS_ORIGINS: `${ORIGIN},https://*.tenant.example.com`,
  PUBLIC_URL: 'https://id.example.com',
  SESSION_IDLE_TIMEOUT: '2d',
};
const CLEARED = `${NAME}=; Path=/auth; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly; Secure; SameSite=Strict`;

/** The refresh token in the cookie that a response sets. */
const tokenOf = (answer: Response) => /^[^=]+=([\w-]{92});/.exec(cookiesOf(answer)[0] ?? '')?.[1] ?? '';

describe('cookie mode', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start({ env })));
  afterAll(() => app.close());

  const signIn = ({ email, password }: BuiltUser, cookie = '', origin = ORIGIN) =>
    app.request
      .post('/auth/login')
      .set({ Cookie: cookie, ...(origin && { Origin: origin }) })
      .send({ email, password, tokenDelivery: 'cookie' });
  const build = async () => {
    const user = await buildUser(app);
    const answer = await signIn(user).expect(200);
    const { accessToken, sessionId } = answer.body as { accessToken: string; sessionId: string };
    return { ...user, accessToken, sessionId, token: tokenOf(answer) };
  };
  const post = (path: string, cookie: string, { origin = ORIGIN, at = app }: { origin?: string; at?: TestApp } = {}) =>
    at.request.post(path).set({ Cookie: cookie, ...(origin && { Origin: origin }) });
  const refresh = (token: string, options = {}) => post('/auth/refresh', `${NAME}=${token}`, options);
  const counterOf = async (id: string) => (await sessionRow(app.database, id)).refresh_counter;
  const reasonOf = async (id: string) => (await sessionRow(app.database, id)).revoked_reason;

  describe('a sign-in', () => {
    it('puts the refresh token only into a cookie that scripts cannot read', async () => {
      const user = await buildUser(app);
      const answer = await signIn(user).expect(200);
      expect(Object.keys(answer.body as object).sort()).toEqual([
        'accessToken',
        'expiresIn',
        'sessionId',
        'tokenType',
        'user',
      ]);
      const [cookie, ...others] = cookiesOf(answer);
      expect(others).toEqual([]);
      expect(cookie?.replace(/=[\w-]{92};/, '=…;').replace(/Expires=[^;]+/, 'Expires=…')).toBe(
        `${NAME}=…; Max-Age=172800; Path=/auth; Expires=…; HttpOnly; Secure; SameSite=Strict`,
      );
      expect(answer.text).not.toContain(tokenOf(answer));
      await app
        .as(answer.body.accessToken as string)
        .get('/users/me')
        .expect(200);
    });

    it.each([undefined, 'body'])('sets no cookie with the delivery %s', async (tokenDelivery) => {
      const { email, password } = await buildUser(app);
      const answer = await app.request.post('/auth/login').send({ email, password, tokenDelivery }).expect(200);
      expect(cookiesOf(answer)).toEqual([]);
      expect(answer.body.refreshToken).toMatch(/^[\w-]{92}$/);
    });

    it.each([null, 'Cookie', '', 'header', ['cookie'], true])('rejects the delivery %j', async (tokenDelivery) => {
      const { email, password } = await buildUser(app);
      const answer = await app.request.post('/auth/login').send({ email, password, tokenDelivery });
      expectProblem(answer, 400, 'validation_failed');
      expect(cookiesOf(answer)).toEqual([]);
    });

    it('works without an Origin, and not from a foreign page', async () => {
      const user = await buildUser(app);
      await signIn(user, '', '').expect(200);
      const answer = await signIn(user, '', 'https://evil.example.net');
      expectProblem(answer, 403, 'origin_not_allowed');
      expect(cookiesOf(answer)).toEqual([]);
    });

    it('leaves the cookie alone when it fails', async () => {
      const ada = await build();
      const answer = await signIn({ ...ada, password: 'wrong password' }, `${NAME}=${ada.token}`);
      expectProblem(answer, 401, 'invalid_credentials');
      expect(cookiesOf(answer)).toEqual([]);
      expect(await reasonOf(ada.sessionId)).toBeNull();
    });

    it.each(['the same account', 'another account'])(
      'revokes the session of the cookie that it replaces: %s',
      async (whose) => {
        const ada = await build();
        const answer = await signIn(whose === 'the same account' ? ada : await buildUser(app), `${NAME}=${ada.token}`);
        expect(answer.body.sessionId).not.toBe(ada.sessionId);
        expect(await reasonOf(ada.sessionId)).toBe('logout');
        expect(tokenOf(answer)).not.toBe(ada.token);
        await refresh(tokenOf(answer)).expect(200);
      },
    );

    it('revokes nothing for a request without an Origin, or with two tokens', async () => {
      const [ada, eve] = [await build(), await build()];
      await signIn(eve, `${NAME}=${ada.token}`, '').expect(200);
      await signIn(eve, `${NAME}=${ada.token}; ${NAME}=${eve.token}`).expect(200);
      expect([await reasonOf(ada.sessionId), await reasonOf(eve.sessionId)]).toEqual([null, null]);
    });

    it('knows the device by its cookie', async () => {
      const ada = await build();
      await app.database.query(`UPDATE users SET created_at = now() - interval '2 days' WHERE id = $1`, [ada.id]);
      await signIn(ada, `${NAME}=${ada.token}`).set('User-Agent', 'Another/1.0').expect(200);
      expect(await mailKinds(app, ada)).not.toContain('new_device');
      await signIn(ada).set('User-Agent', 'Unknown/1.0').expect(200);
      expect(await mailKinds(app, ada)).toContain('new_device');
    });
  });

  describe('a refresh', () => {
    it('needs no body and replaces the cookie', async () => {
      const ada = await build();
      const answer = await refresh(ada.token).expect(200);
      expect(answer.body).not.toHaveProperty('refreshToken');
      expect(answer.body.sessionId).toBe(ada.sessionId);
      expect(tokenOf(answer)).not.toBe(ada.token);
      expect(cookiesOf(answer)[0]).toContain('; Max-Age=172800; Path=/auth; ');
      await app
        .as(answer.body.accessToken as string)
        .get('/users/me')
        .expect(200);
      await refresh(tokenOf(answer)).expect(200);
    });

    it('sets the identical cookie for two tabs at the same time', async () => {
      const ada = await build();
      const answers = await Promise.all([refresh(ada.token), refresh(ada.token)]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200]);
      expect(tokenOf(answers[0])).toBe(tokenOf(answers[1]));
      expect(await counterOf(ada.sessionId)).toBe(1);
    });

    it.each(['https://app.example.com', 'https://id.example.com', 'its own'])(
      'accepts a page of the origin %s',
      async (origin) => {
        const ada = await build();
        await refresh(ada.token, { origin: origin === 'its own' ? app.url : origin }).expect(200);
      },
    );

    it.each([
      ['no origin', ''],
      ['an opaque origin', 'null'],
      ['a foreign origin', 'https://evil.example.net'],
      ['another scheme', 'http://app.example.com'],
      ['another port', 'https://app.example.com:8443'],
      ['a subdomain', 'https://x.app.example.com'],
      ['a longer domain', 'https://app.example.com.evil.net'],
      ['an origin of a pattern', 'https://acme.tenant.example.com'],
      ['a trailing slash', 'https://app.example.com/'],
      ['the insecure origin of PUBLIC_URL', 'http://id.example.com'],
    ])('from a page with %s has no effect', async (_, origin) => {
      const ada = await build();
      for (const path of ['/auth/refresh', '/auth/logout']) {
        const answer = await post(path, `${NAME}=${ada.token}`, { origin });
        expectProblem(answer, 403, 'origin_not_allowed');
        expect(cookiesOf(answer)).toEqual([]);
      }
      expect([await counterOf(ada.sessionId), await reasonOf(ada.sessionId)]).toEqual([0, null]);
    });

    it.each(['http://id.example.com', 'app://id.example.com', 'https://x@id.example.com', 'HTTPS://ID.EXAMPLE.COM'])(
      'from a page with the host of the request, but of the origin %s, has no effect',
      async (origin) => {
        const ada = await build();
        const answer = await refresh(ada.token, { origin }).set('Host', 'id.example.com');
        expectProblem(answer, 403, 'origin_not_allowed');
      },
    );

    it('requires no Origin if the token is in the body', async () => {
      const ada = await buildSignedIn(app);
      const { refreshToken } = ada;
      const answer = await app.request.post('/auth/refresh').send({ refreshToken }).expect(200);
      expect(answer.body.refreshToken).toMatch(/^[\w-]{92}$/);
    });

    it('with an access token ignores several cookies', async () => {
      const ada = await build();
      const request = () => post('/auth/logout', `${NAME}=${ada.token}; ${NAME}=tossed`);
      expectProblem(await request(), 400, 'bad_request');
      await request().set('Authorization', `Bearer ${ada.accessToken}`).expect(204);
      expect(await reasonOf(ada.sessionId)).toBe('logout');
    });

    it('prefers the token in the body and then leaves the cookie alone', async () => {
      const [ada, eve] = [await build(), await buildSignedIn(app)];
      const { refreshToken } = eve;
      const answer = await refresh(ada.token, { origin: '' }).send({ refreshToken }).expect(200);
      expect([answer.body.sessionId, cookiesOf(answer)]).toEqual([eve.sessionId, []]);
      expect(answer.body.refreshToken).toMatch(/^[\w-]{92}$/);
      expect(await counterOf(ada.sessionId)).toBe(0);
    });

    it.each([[{ refreshToken: null }], [{ refreshToken: '' }], [{ colour: 'red' }], [[]], ['null']])(
      'rejects the body %j beside a cookie and keeps the cookie',
      async (body) => {
        const ada = await build();
        const answer = await refresh(ada.token).set('Content-Type', 'application/json').send(body);
        expectProblem(answer, 400, 'validation_failed');
        expect([cookiesOf(answer), await counterOf(ada.sessionId)]).toEqual([[], 0]);
      },
    );

    it.each<[what: string, cookie: (token: string) => string]>([
      ['an empty JSON body', (token) => `${NAME}=${token}`],
      ['other cookies around it', (token) => `a=b; ${NAME}=${token}; refresh=x; c`],
      ['no spaces', (token) => `a=b;${NAME}=${token};c=d`],
      ['quotes', (token) => `${NAME}="${token}"`],
      ['the same value twice', (token) => `${NAME}=${token}; ${NAME}=${token}`],
      ['an empty duplicate', (token) => `${NAME}=; ${NAME}=${token}`],
      ['a name in other case beside it', (token) => `__secure-refresh=x; ${NAME}=${token}; X${NAME}=y`],
    ])('reads a cookie with %s', async (what, cookie) => {
      const ada = await build();
      const request = post('/auth/refresh', cookie(ada.token));
      const answer = await (what === 'an empty JSON body' ? request.send({}) : request);
      expect([answer.status, answer.body.sessionId]).toEqual([200, ada.sessionId]);
    });

    it('rejects two different cookies with 400 and no effect', async () => {
      const [ada, eve] = [await build(), await build()];
      for (const path of ['/auth/refresh', '/auth/logout']) {
        const answer = await post(path, `${NAME}=${ada.token}; ${NAME}=${eve.token}`);
        expectProblem(answer, 400, 'bad_request');
        expect(cookiesOf(answer)).toEqual([]);
      }
      expect([await counterOf(ada.sessionId), await counterOf(eve.sessionId)]).toEqual([0, 0]);
      expect([await reasonOf(ada.sessionId), await reasonOf(eve.sessionId)]).toEqual([null, null]);
    });

    it.each([
      ['malformed', 'x'],
      ['too long', 'A'.repeat(4_000)],
      ['percent-encoded', '%00%ff'],
      ['a prototype', '__proto__'],
    ])('rejects and clears a cookie that is %s', async (_, token) => {
      const answer = await refresh(token);
      expectProblem(answer, 401, 'refresh_token_invalid');
      expect(cookiesOf(answer)).toEqual([CLEARED]);
    });

    it('clears the cookie of a session that has ended', async () => {
      const [revoked, expired, inactive, reused] = [await build(), await build(), await build(), await build()];
      await app.as(revoked.accessToken).delete('/sessions/current').expect(204);
      await app.database.query(`UPDATE sessions SET idle_expires_at = now() WHERE id = $1`, [expired.sessionId]);
      await app.database.query('UPDATE users SET is_active = false WHERE id = $1', [inactive.id]);
      await refresh(tokenOf(await refresh(reused.token).expect(200))).expect(200);
      const expected = [
        [revoked, 'session_revoked'],
        [expired, 'session_expired'],
        [inactive, 'user_inactive'],
        [reused, 'refresh_token_reused'],
      ] as const;
      for (const [{ token }, code] of expected) {
        const answer = await refresh(token);
        expectProblem(answer, 401, code);
        expect(cookiesOf(answer)).toEqual([CLEARED]);
      }
    });

    it('keeps the cookie after 429 and 503', async () => {
      const { token } = await build();
      const cut = await TestApp.start({ database: app.database, env: { ...env, DATABASE_URL: NO_DATABASE } });
      const unavailable = await refresh(token, { at: cut });
      await cut.close();
      expectProblem(unavailable, 503, 'database_unavailable');
      const limits = { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_REFRESH_ADDRESS: '1/15m' };
      const limited = await TestApp.start({ database: app.database, env: { ...env, ...limits } });
      await refresh('x', { at: limited }).expect(401);
      const tooMany = await refresh('x', { at: limited });
      await limited.close();
      expectProblem(tooMany, 429, 'too_many_requests');
      expect([cookiesOf(unavailable), cookiesOf(tooMany)]).toEqual([[], []]);
    });

    it('without a body and a cookie gets 401 refresh_token_missing', async () => {
      for (const cookie of ['', `${NAME}=`, 'refresh=x', `other${NAME}=x`]) {
        const answer = await post('/auth/refresh', cookie, { origin: '' });
        expectProblem(answer, 401, 'refresh_token_missing');
        expect(cookiesOf(answer)).toEqual([]);
      }
    });

    it('does not work with GET or as a form', async () => {
      const ada = await build();
      const cookie = `${NAME}=${ada.token}`;
      expectProblem(
        await app.request.get('/auth/refresh').set({ Cookie: cookie, Origin: ORIGIN }),
        405,
        'method_not_allowed',
      );
      expectProblem(await post('/auth/refresh', cookie).type('form').send('a=b'), 415, 'unsupported_media_type');
      expectProblem(await post('/auth/refresh', cookie).type('text').send('{}'), 415, 'unsupported_media_type');
      expect(await counterOf(ada.sessionId)).toBe(0);
    });
  });

  describe('a sign-out', () => {
    it('revokes the session and clears the cookie without a body and an access token', async () => {
      const ada = await build();
      const answer = await post('/auth/logout', `${NAME}=${ada.token}`).expect(204);
      expect([answer.text, cookiesOf(answer)]).toEqual(['', [CLEARED]]);
      expect(await reasonOf(ada.sessionId)).toBe('logout');
      expect((await app.as(ada.accessToken).get('/users/me')).body.code).toBe('session_revoked');
    });

    it('works with an expired access token, an empty body and a revoked session', async () => {
      const ada = await build();
      const expired = forgeToken(ada.accessToken, { claims: { iat: 1, exp: 2 } });
      for (const round of [1, 2]) {
        const request = post('/auth/logout', `${NAME}=${ada.token}`).set('Authorization', `Bearer ${expired}`);
        const answer = await request.send({});
        expect([round, answer.status, cookiesOf(answer)]).toEqual([round, 204, [CLEARED]]);
      }
    });

    it('requires an Origin even with an access token', async () => {
      const ada = await build();
      const request = post('/auth/logout', `${NAME}=${ada.token}`, { origin: '' });
      expectProblem(await request.set('Authorization', `Bearer ${ada.accessToken}`), 403, 'origin_not_allowed');
      expect(await reasonOf(ada.sessionId)).toBeNull();
    });

    it('prefers the token in the body and then leaves the cookie alone', async () => {
      const [ada, eve] = [await build(), await buildSignedIn(app)];
      const { refreshToken } = eve;
      const answer = await post('/auth/logout', `${NAME}=${ada.token}`).send({ refreshToken }).expect(204);
      expect(cookiesOf(answer)).toEqual([]);
      expect([await reasonOf(ada.sessionId), await reasonOf(eve.sessionId)]).toEqual([null, 'logout']);
    });
  });

  it('is not a way to use other routes', async () => {
    const ada = await build();
    const cookies = `${NAME}=${ada.token}; ${NAME}=${ada.accessToken}`;
    for (const path of ['/users/me', '/sessions'])
      expectProblem(await app.request.get(path).set({ Cookie: cookies, Origin: ORIGIN }), 401, 'token_missing');
  });

  describe('in development', () => {
    const SAFARI =
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15';
    const CHROME =
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
    let development: TestApp;
    beforeAll(async () => {
      development = await TestApp.start({
        database: app.database,
        env: { ...env, NODE_ENV: 'development', BCRYPT_COST: '10' },
      });
    });
    afterAll(() => development.close());

    const signInAs = async (userAgent: string, host = 'localhost:3000') => {
      const { email, password } = await buildUser(app);
      const answer = await development.request
        .post('/auth/login')
        .set({ Host: host, 'User-Agent': userAgent })
        .send({ email, password, tokenDelivery: 'cookie' });
      return { answer, cookie: cookiesOf(answer)[0] ?? '' };
    };

    it('omits Secure for Safari on http://localhost, which would ignore the cookie', async () => {
      const { answer, cookie } = await signInAs(SAFARI);
      expect(cookie).toMatch(/^refresh=[\w-]{92}; /);
      expect(cookie).not.toContain('Secure');
      const again = post('/auth/refresh', `refresh=${tokenOf(answer)}`, {
        at: development,
        origin: 'http://localhost:3000',
      });
      await again.set({ Host: 'localhost:3000', 'User-Agent': SAFARI }).expect(200);
    });

    it.each([
      ['another browser', CHROME, 'localhost:3000'],
      ['another host', SAFARI, 'app.example.com'],
    ])('keeps Secure for %s', async (_, userAgent, host) => {
      expect((await signInAs(userAgent, host)).cookie).toMatch(/^__Secure-refresh=.*; Secure; /);
    });
  });
});
