import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { expectProblemDocument } from '../support/expect-problem.js';
import { exchange, rawRequest } from '../support/raw-http.js';
import { routesOf } from '../support/routes.js';
import { TestApp } from '../support/test-app.js';

describe('routing', () => {
  let app: TestApp;
  let user: SignedIn;
  let admin: SignedIn;

  beforeAll(async () => {
    app = await TestApp.start();
    user = await buildSignedIn(app);
    admin = await buildSignedIn(app, 'admin');
  });
  afterAll(() => app.close());

  /** Requests a path exactly as given. An HTTP client would normalize it. */
  async function get(path: string, token?: string, headers: string[] = []) {
    const authorization = token === undefined ? [] : [`Authorization: Bearer ${token}`];
    const answer = await exchange(app, rawRequest(`GET ${path}`, [...authorization, ...headers]));
    return { status: answer.status, code: (JSON.parse(answer.body) as { code?: string }).code };
  }

  const spellings = [
    '/%61dmin/users',
    '/admin%2fusers',
    '/admin/%75sers',
    '//admin/users',
    '/admin//users',
    '/admin/users/',
    '/admin/users//',
    '/ADMIN/users',
    '/Admin/Users',
    '/admin/users;x=1',
    '/admin/users%00',
    '/admin/users%20',
    '/./admin/users',
    '/%2e/admin/users',
    '/admin\\users',
    '/.\\admin/users',
    '/admin/users\\',
    '/users/../admin/users',
    '/users/%2e%2e/admin/users',
    '/users\\..\\admin\\users',
    '/users/me/../../admin/users',
    '/admin/users.json',
    '/admin/users%3flimit=1',
    '/%zz/users',
    '/health/live/..%2f..%2fadmin/users',
  ];

  it.each(spellings)('does not match another spelling of a path: %s', async (path) => {
    const expected = { status: 404, code: 'not_found' };
    expect(await get(path)).toEqual(expected);
    expect(await get(path, user.accessToken)).toEqual(expected);
    expect(await get(path, admin.accessToken)).toEqual(expected);
    expect(await get(`http://gatehouse.test${path}`, admin.accessToken)).toEqual(expected);
  });

  it.each([
    '/admin/users/%2e%2e',
    '/admin/users/%00',
    '/admin/users/..%2fme',
    '/admin/users/me',
    '/admin/users/1',
    '/admin/users?role=root',
  ])('runs guards before it validates parameters: %s', async (path) => {
    expect(await get(path)).toEqual({ status: 401, code: 'token_missing' });
    expect(await get(path, user.accessToken)).toEqual({ status: 403, code: 'forbidden' });
    expect(await get(path, admin.accessToken)).toEqual({ status: 400, code: 'validation_failed' });
  });

  it.each(['/admin/users/%zz', '/admin/users/%', '/sessions/%e0%a4%a', '/admin/users/%c0%af', '/admin/sessions/%ff'])(
    'rejects broken percent-encoding in an ID with 400 for everyone: %s',
    async (path) => {
      const expected = { status: 400, code: 'bad_request' };
      expect(await get(path)).toEqual(expected);
      expect(await get(path, user.accessToken)).toEqual(expected);
      expect(await get(path, admin.accessToken)).toEqual(expected);
    },
  );

  it.each([
    ['X-HTTP-Method-Override', 'DELETE'],
    ['X-HTTP-Method', 'DELETE'],
    ['X-Method-Override', 'DELETE'],
    ['X-Original-URL', '/admin/users'],
    ['X-Rewrite-URL', '/admin/users'],
    ['X-Forwarded-Prefix', '/admin'],
  ])('ignores a method or path in the header %s', async (name, value) => {
    const { body, status } = await app.as(user.accessToken).get('/users/me').set(name, value);
    expect([status, body.id]).toEqual([200, user.id]);
    const again = await app.as(user.accessToken).get('/users/me');
    expect(again.status).toBe(200);
  });

  it.each(['X-HTTP-Method-Override', 'X-HTTP-Method', 'X-Method-Override'])(
    'does not turn a POST into a GET by the header %s',
    async (name) => {
      const { accessToken } = await buildSignedIn(app);
      const { status } = await app.as(accessToken).post('/auth/logout').set(name, 'GET');
      expect(status).toBe(204);
    },
  );

  it('ignores a method in the query', async () => {
    await app.as(user.accessToken).get('/users/me?_method=DELETE').expect(200);
    const { status } = await app.as(user.accessToken).get('/users/me');
    expect(status).toBe(200);
  });

  it.each(['/users/me?access_token=TOKEN', '/users/me?token=TOKEN', '/users/me?authorization=Bearer%20TOKEN'])(
    'ignores a token in the query: %s',
    async (path) => {
      const { body } = await app.request.get(path.replace('TOKEN', user.accessToken)).expect(401);
      expect(body.code).toBe('token_missing');
    },
  );

  it('ignores a token in the body or a cookie', async () => {
    const { body } = await app.request
      .patch('/users/me')
      .set('Cookie', `access_token=${user.accessToken}`)
      .send({ access_token: user.accessToken })
      .expect(401);
    expect(body.code).toBe('token_missing');
  });

  it('handles HEAD like GET, without the body', async () => {
    const head = await app.as(user.accessToken).head('/users/me');
    const whole = await app.as(user.accessToken).get('/users/me');
    expect([head.status, head.text]).toEqual([200, undefined]);
    expect(head.headers['content-length']).toBe(whole.headers['content-length']);
  });

  it('runs the same guards for HEAD as for GET', async () => {
    const answers = await Promise.all([
      app.request.head('/users/me'),
      app.request.head('/admin/users'),
      app.as(user.accessToken).head('/admin/users'),
    ]);
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 403]);
  });

  it('rejects OPTIONS with 405 and the allowed methods', async () => {
    const answer = await app.request.options('/sessions');
    expect([answer.status, answer.headers['allow']]).toEqual([405, 'DELETE, GET, HEAD']);
  });

  it('lists in Allow exactly the methods of a path, even if it looks like an ID', async () => {
    const fixed = routesOf(app).filter(({ path }) => !path.includes('{'));
    const expected = new Map<string, Set<string>>();
    for (const { path, method } of fixed)
      expected.set(path, (expected.get(path) ?? new Set()).add(method.toUpperCase()));
    for (const [path, methods] of expected) {
      if (methods.has('GET')) methods.add('HEAD');
      const { headers } = await app.as(admin.accessToken).options(path).expect(405);
      expect([path, headers['allow']]).toEqual([path, [...methods].sort().join(', ')]);
    }
  });

  it.each([
    ['DELETE', '/admin/sessions/revoke', 'POST'],
    ['PATCH', '/admin/sessions/revoke', 'POST'],
    ['PATCH', '/sessions/current', 'DELETE, GET, HEAD'],
  ])('rejects a method of the route for IDs with 405: %s %s', async (method, path, allow) => {
    const send = app.as(admin.accessToken);
    const answer = await (method === 'DELETE' ? send.delete(path) : send.patch(path).send({ expiresAt: '2001-01-01' }));
    expectProblemDocument(answer, 405, 'method_not_allowed');
    expect(answer.headers['allow']).toBe(allow);
  });

  it.each(['TRACE', 'PROPFIND', 'PURGE', 'QUERY'])('rejects an unsupported method with 405: %s', async (method) => {
    const { status } = await exchange(app, rawRequest(`${method} /users/me`));
    expect(status).toBe(405);
  });

  it.each(['http://other.test', 'HTTP://gatehouse.test:8080', 'https://[2001:db8::1]:443', 'http://192.0.2.1:'])(
    'takes the path and query of an absolute target from its text: %s',
    async (origin) => {
      expect(await get(`${origin}/users/me`, user.accessToken)).toEqual({ status: 200 });
      const query = await get(`${origin}/admin/users?limit=..`, admin.accessToken);
      expect(query).toEqual({ status: 400, code: 'validation_failed' });
      expect(await get(`${origin}?limit=1`, admin.accessToken)).toEqual({ status: 404, code: 'not_found' });
      expect(await get(origin, admin.accessToken)).toEqual({ status: 404, code: 'not_found' });
    },
  );

  it.each([
    'ftp://gatehouse.test/health/live',
    'ws://gatehouse.test/health/live',
    'file:///health/live',
    'http:///health/live',
    'http:/health/live',
    'http://:80/health/live',
    'http://user@gatehouse.test/health/live',
    'http://user:password@gatehouse.test/health/live',
    'http://@gatehouse.test/health/live',
    'http://gatehouse.test:x/health/live',
    'http://gatehouse.test\\health/live',
    'http://gatehouse.test%2fhealth/live',
    'http://[::1/health/live',
    'http://[:::1]/health/live',
    'http://',
    'health/live',
    '\\health/live',
    'gatehouse.test:80',
    '*',
    '/health/live#fragment',
    '/health\\live#',
    '/health/live\xa0',
    '/health\\live\xa0',
    '/health/liv\xc3\xa9',
  ])('rejects an invalid target with 400: %s', async (target) => {
    expect(await get(target)).toEqual({ status: 400, code: 'bad_request' });
  });

  it('accepts an ID in upper case', async () => {
    const { body } = await app.as(admin.accessToken).get(`/admin/users/${user.id.toUpperCase()}`).expect(200);
    expect(body.id).toBe(user.id);
  });

  it.each([
    '/.git/config',
    '/.env',
    '/package.json',
    '/dist/src/main.js',
    '/docs/../package.json',
    '/docs/package.json',
  ])('serves no files: %s', async (path) => {
    expect(await get(path)).toEqual({ status: 404, code: 'not_found' });
  });

  it.each(['/account', '/health', '/'])('lists no folder: %s/', async (path) => {
    expect(await get(path === '/' ? path : `${path}/`)).toEqual({ status: 404, code: 'not_found' });
  });

  it('prefers a literal path to a parameter', async () => {
    const { body } = await app.as(user.accessToken).get('/sessions/current').expect(200);
    expect(body).toMatchObject({ id: user.sessionId, isCurrent: true });
  });
});
