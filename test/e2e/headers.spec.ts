import { buildSignedIn, signIn, type SignedIn } from '../support/builders.js';
import { UNKNOWN_ID, NO_DATABASE, UUID_V7 } from '../support/constants.js';
import { TestApp } from '../support/test-app.js';

describe('headers', () => {
  let app: TestApp;
  let ada: SignedIn;

  beforeAll(async () => {
    app = await TestApp.start();
    ada = await buildSignedIn(app);
  });
  afterAll(() => app.close());

  describe('X-Request-Id', () => {
    it.each(['a', 'my-own.id_1', 'A'.repeat(64), UNKNOWN_ID])(
      'is the value from the request if that is valid: %s',
      async (id) => {
        const { headers } = await app.request.get('/health/live').set('X-Request-Id', id);
        expect(headers['x-request-id']).toBe(id);
      },
    );

    it.each(['', ' ', 'a b', 'A'.repeat(65), 'a,b', '<script>', '"', 'ü', '../etc', 'a:b', '%0a'])(
      'is a new ID if the value from the request is invalid: %j',
      async (id) => {
        const { headers } = await app.request.get('/health/live').set('X-Request-Id', id);
        expect(headers['x-request-id']).toMatch(UUID_V7);
      },
    );

    it('is unique for each request', async () => {
      const answers = await Promise.all([1, 2, 3].map(() => app.request.get('/health/live')));
      expect(new Set(answers.map(({ headers }) => headers['x-request-id'])).size).toBe(3);
    });
  });

  /** Signs in again, for a request that revokes its session. */
  const asNewSession = async () => app.as((await signIn(app, ada)).accessToken);
  const answers: [what: string, send: () => Promise<{ status: number; headers: Record<string, string> }>, number][] = [
    ['a successful response', () => app.as(ada.accessToken).get('/users/me'), 200],
    ['a response without a body', async () => (await asNewSession()).post('/auth/logout'), 204],
    ['a token pair', () => app.request.post('/auth/login').send({ email: ada.email, password: ada.password }), 200],
    ['a rejection', () => app.request.get('/users/me'), 401],
    ['an unknown route', () => app.request.get('/nothing'), 404],
    ['an unsupported method', () => app.request.put('/users/me'), 405],
    ['a malformed body', () => app.request.post('/auth/login').set('Content-Type', 'application/json').send('{'), 400],
    ['a body that is too large', () => app.request.post('/auth/login').send({ email: 'a'.repeat(200_000) }), 413],
    ['an error from the token endpoint', () => app.request.post('/auth/token').type('form').send('grant_type=x'), 400],
    ['a health check', () => app.request.get('/health/live'), 200],
    ['the explorer', () => app.request.get('/docs'), 200],
    ['the OpenAPI document', () => app.request.get('/openapi.json'), 200],
  ];

  it.each(answers)('%s is not cached, has a request ID and names no software', async (_, send, status) => {
    const answer = await send();
    expect(answer.status).toBe(status);
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(answer.headers['x-request-id']).toMatch(UUID_V7);
    expect(answer.headers['x-content-type-options']).toBe('nosniff');
    for (const name of ['x-powered-by', 'server', 'etag', 'last-modified', 'set-cookie', 'access-control-allow-origin'])
      expect(answer.headers).not.toHaveProperty(name);
  });

  it.each(answers)('%s has strict browser security headers', async (_, send) => {
    const { headers } = await send();
    expect(headers).toMatchObject({
      'strict-transport-security': 'max-age=31536000; includeSubDomains',
      'referrer-policy': 'no-referrer',
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-resource-policy': 'same-origin',
      'content-security-policy': expect.stringMatching(
        /^default-src 'none';.*base-uri 'none';.*frame-ancestors 'none'$/,
      ),
    });
  });

  it.each(answers.filter(([, , status]) => status !== 204))(
    '%s states the type and the encoding of its body',
    async (_, send) => {
      const { headers } = await send();
      expect(headers['content-type']).toMatch(/^(application\/(problem\+)?json|text\/html); charset=utf-8$/);
    },
  );

  it('a conditional request gets a full response, never 304', async () => {
    const { status } = await app.as(ada.accessToken).get('/users/me').set('If-None-Match', 'W/"111-x"');
    expect(status).toBe(200);
  });

  it('the explorer loads nothing from other hosts and cannot be framed', async () => {
    const { headers } = await app.request.get('/docs');
    const policy = (headers['content-security-policy'] ?? '').split(';').map((directive) => directive.trim());
    expect(policy).toEqual(
      expect.arrayContaining([
        "default-src 'none'",
        "script-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
      ]),
    );
    expect(policy.find((directive) => directive.startsWith('script-src'))).not.toContain('unsafe');
    expect(headers['x-frame-options']).toBe('DENY');
  });

  it('the explorer has no inline script, which its policy would block', async () => {
    const { text } = await app.request.get('/docs');
    const scripts = text.match(/<script[^>]*>[^<]*/g) ?? [];
    expect(scripts.length).toBeGreaterThan(0);
    for (const script of scripts) expect(script).toMatch(/^<script[^>]* src=[^>]*>\s*$/);
  });

  describe('WWW-Authenticate', () => {
    it('names the scheme but no error without a token', async () => {
      const { headers } = await app.request.get('/users/me').expect(401);
      expect(headers['www-authenticate']).toBe('Bearer');
    });

    it('names no error for another scheme', async () => {
      const { headers, body } = await app.request.get('/users/me').set('Authorization', 'Basic eDp5').expect(401);
      expect([body.code, headers['www-authenticate']]).toEqual(['token_missing', 'Bearer']);
    });

    it.each(['x.y.z', 'x', 'eyJhbGciOiJub25lIn0.e30.'])('is invalid_token for an invalid token: %s', async (token) => {
      const { headers } = await app.as(token).get('/users/me').expect(401);
      expect(headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    });

    it('is invalid_token for a token of a revoked session', async () => {
      const { accessToken } = await signIn(app, ada);
      await app.as(accessToken).post('/auth/logout').expect(204);
      const { headers } = await app.as(accessToken).get('/users/me').expect(401);
      expect(headers['www-authenticate']).toBe('Bearer error="invalid_token"');
    });

    it('is missing on a 403', async () => {
      const { headers } = await app.as(ada.accessToken).get('/admin/users').expect(403);
      expect(headers).not.toHaveProperty('www-authenticate');
    });
  });

  it('a 503 has Retry-After', async () => {
    const offline = await TestApp.start({ database: app.database, env: { DATABASE_URL: NO_DATABASE } });
    try {
      const login = await offline.request.post('/auth/login').send({ email: 'a@example.com', password: 'whatever' });
      expect([login.status, login.headers['retry-after']]).toEqual([503, '1']);
      const ready = await offline.request.get('/health/ready');
      expect([ready.status, ready.headers['retry-after']]).toEqual([503, '1']);
    } finally {
      await offline.close();
    }
  });
});

describe('CORS', () => {
  const ORIGIN = 'https://app.example.com';
  let closed: TestApp;
  let open: TestApp;

  beforeAll(async () => {
    closed = await TestApp.start();
    open = await TestApp.start({
      database: closed.database,
      env: { CORS_ORIGINS: `${ORIGIN},https://*.tenant.example.com,capacitor://localhost` },
    });
  });
  afterAll(async () => {
    await open.close();
    await closed.close();
  });

  const preflight = (app: TestApp, origin: string) =>
    app.request
      .options('/users/me')
      .set('Origin', origin)
      .set('Access-Control-Request-Method', 'PATCH')
      .set('Access-Control-Request-Headers', 'authorization,content-type');

  it('allows no origin by default', async () => {
    const { headers } = await closed.request.get('/health/live').set('Origin', ORIGIN);
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it('rejects a preflight with 405 by default', async () => {
    const answer = await preflight(closed, ORIGIN);
    expect([answer.status, answer.body.code]).toEqual([405, 'method_not_allowed']);
    expect(Object.keys(answer.headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });

  it.each([ORIGIN, 'https://acme.tenant.example.com', 'capacitor://localhost'])(
    'allows a configured origin to read responses: %s',
    async (origin) => {
      const { headers } = await open.request.get('/health/live').set('Origin', origin);
      expect(headers['access-control-allow-origin']).toBe(origin);
      expect(headers['vary']).toContain('Origin');
    },
  );

  it('allows a configured origin to read errors and their request IDs', async () => {
    const { headers } = await open.request.get('/users/me').set('Origin', ORIGIN).expect(401);
    expect(headers['access-control-allow-origin']).toBe(ORIGIN);
    expect(headers['access-control-expose-headers']?.split(',')).toEqual(
      expect.arrayContaining(['WWW-Authenticate', 'Location', 'Allow', 'X-Request-Id', 'Retry-After', 'RateLimit']),
    );
  });

  it('allows a configured origin to send methods and headers of the API', async () => {
    const { status, headers } = await preflight(open, ORIGIN);
    expect(status).toBe(204);
    expect(headers['access-control-allow-origin']).toBe(ORIGIN);
    expect(headers['access-control-allow-methods']).toBe('DELETE,GET,HEAD,PATCH');
    expect(headers['access-control-allow-headers']).toBe('authorization,content-type');
    expect(headers).not.toHaveProperty('access-control-allow-credentials');
  });

  it.each([
    'https://evil.example.com',
    'https://app.example.com.evil.com',
    'http://app.example.com',
    'https://tenant.example.com',
    'https://a.b.tenant.example.com',
    'null',
  ])('does not allow another origin: %s', async (origin) => {
    const plain = await open.request.get('/health/live').set('Origin', origin);
    const preflighted = await preflight(open, origin);
    expect(plain.headers).not.toHaveProperty('access-control-allow-origin');
    expect(preflighted.headers).not.toHaveProperty('access-control-allow-origin');
  });

  describe('with credentials', () => {
    const allowed = async (path: string, origin: string) => {
      const { headers } = await open.request
        .options(path)
        .set({ Origin: origin, 'Access-Control-Request-Method': 'POST' });
      return [headers['access-control-allow-origin'], headers['access-control-allow-credentials']];
    };

    it('allows exact origins to send the refresh cookie, at its routes only', async () => {
      for (const path of ['/auth/login', '/auth/refresh', '/auth/logout'])
        expect(await allowed(path, ORIGIN)).toEqual([ORIGIN, 'true']);
      expect(await allowed('/users/me', ORIGIN)).toEqual([ORIGIN, undefined]);
      const { headers } = await open.request.post('/auth/refresh').set('Origin', ORIGIN).expect(401);
      expect(headers['access-control-allow-credentials']).toBe('true');
    });

    it('allows no credentials to origins of a pattern and unlisted ones', async () => {
      const tenant = 'https://acme.tenant.example.com';
      expect(await allowed('/auth/refresh', tenant)).toEqual([tenant, undefined]);
      for (const origin of ['https://evil.example.net', 'null', open.url])
        expect(await allowed('/auth/refresh', origin)).toEqual([undefined, undefined]);
    });
  });
});
