import { VerifiedTokens } from '../../src/auth/tokens/verified-tokens.js';
import { Database } from '../../src/platform/database/database.js';
import { buildSignedIn, buildUser, type SignedIn } from '../support/builders.js';
import { UNKNOWN_ID } from '../support/constants.js';
import { expectProblem } from '../support/expect-problem.js';
import { TestApp } from '../support/test-app.js';

describe('error responses', () => {
  let app: TestApp;
  let ada: SignedIn;

  beforeAll(async () => {
    app = await TestApp.start();
    ada = await buildSignedIn(app, 'admin');
  });
  afterAll(() => app.close());

  it.each([
    ['GET', '/nothing/here'],
    ['POST', '/auth'],
    ['DELETE', '/admin'],
    ['GET', '/'],
  ])('have status 404 not_found for an unknown route: %s %s', async (method, path) => {
    const answer = await app
      .as(ada.accessToken)
      [method === 'GET' ? 'get' : method === 'POST' ? 'post' : 'delete'](path);
    expectProblem(answer, 404, 'not_found');
  });

  it('have status 404 for an unknown route with an invalid body', async () => {
    const answer = await app.request.post('/nothing').set('Content-Type', 'application/json').send('{');
    expectProblem(answer, 404, 'not_found');
  });

  it.each([
    ['post', '/users/me', 'DELETE, GET, HEAD, PATCH'],
    ['put', '/users/me', 'DELETE, GET, HEAD, PATCH'],
    ['get', '/auth/login', 'POST'],
    ['delete', '/auth/refresh', 'POST'],
    ['put', '/admin/users', 'GET, HEAD, POST'],
    ['post', '/health/live', 'GET, HEAD'],
    ['post', '/openapi.json', 'GET, HEAD'],
    ['post', `/admin/users/${UNKNOWN_ID}`, 'DELETE, GET, HEAD, PATCH'],
  ] as const)('have status 405 and an Allow header for a wrong method: %s %s', async (verb, path, allow) => {
    const answer = await app.request[verb](path);
    expectProblem(answer, 405, 'method_not_allowed');
    expect(answer.headers['allow']).toBe(allow);
  });

  it('have status 405 for a wrong method with an invalid body', async () => {
    const answer = await app.request.put('/users/me').set('Content-Type', 'application/json').send('{');
    expectProblem(answer, 405, 'method_not_allowed');
  });

  it.each(['{', '{"email":}', 'nonsense', "{'email':'a'}", '{"a":1}{"b":2}', '   '])(
    'have status 400 malformed_body for a body that is not JSON: %j',
    async (body) => {
      const answer = await app.request.post('/auth/login').set('Content-Type', 'application/json').send(body);
      expectProblem(answer, 400, 'malformed_body');
    },
  );

  it('have status 413 payload_too_large for a body over 100 kB', async () => {
    const answer = await app.request.post('/auth/login').send({ email: 'a'.repeat(102_400) });
    expectProblem(answer, 413, 'payload_too_large');
  });

  it('do not have status 413 for a body of exactly 100 kB', async () => {
    const body = JSON.stringify({ email: '' });
    const answer = await app.request.post('/auth/login').send({ email: 'a'.repeat(102_400 - body.length) });
    expectProblem(answer, 400, 'validation_failed');
  });

  it.each([
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/vnd.api+json',
    'application/json; charset=latin1',
    'application/json; charset=utf-16',
  ])('have status 415 unsupported_media_type for the content type %s', async (type) => {
    const answer = await app.request.post('/auth/login').set('Content-Type', type).send('{}');
    expectProblem(answer, 415, 'unsupported_media_type');
  });

  it.each([
    'application/json',
    'application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
  ])('are not sent for the content type %s', async (type) => {
    const body = JSON.stringify({ email: ada.email, password: ada.password });
    const { status } = await app.request.post('/auth/login').set('Content-Type', type).send(body);
    expect(status).toBe(200);
  });

  it('list all invalid body fields, each with a pointer', async () => {
    const answer = await app.request.post('/auth/register').send({ email: 1, name: 'x'.repeat(101), role: 'admin' });
    expectProblem(answer, 400, 'validation_failed');
    const errors = answer.body.errors as { pointer: string }[];
    expect(errors.map((error) => error.pointer).sort()).toEqual(['/email', '/name', '/password', '/role']);
  });

  it('list invalid query parameters by name', async () => {
    const answer = await app.as(ada.accessToken).get('/admin/users?limit=0&colour=red');
    expectProblem(answer, 400, 'validation_failed');
    expect(answer.body.errors).toEqual(
      expect.arrayContaining([
        { pointer: '/limit', code: 'too_small', params: { min: 1 }, message: expect.any(String) },
        { pointer: '/colour', code: 'unknown_field', params: {}, message: expect.any(String) },
      ]),
    );
  });

  it('contain errors only for failed validation', async () => {
    const { body } = await app.request.get('/users/me').expect(401);
    expect(body).not.toHaveProperty('errors');
  });

  it('contain the request path without its query as instance', async () => {
    const answer = await app.request.get('/users/me?access_token=secret&x=1');
    expectProblem(answer, 401, 'token_missing');
    expect(answer.body.instance).toBe('/users/me');
  });

  it('contain the path in its original encoding as instance', async () => {
    const answer = await app.request.get('/no%20thing%22');
    expectProblem(answer, 404, 'not_found');
    expect(answer.body.instance).toBe('/no%20thing%22');
  });

  it('contain the request ID that the client sent', async () => {
    const answer = await app.request.get('/nothing').set('X-Request-Id', 'my-own.id_1');
    expectProblem(answer, 404, 'not_found');
    expect(answer.body.requestId).toBe('my-own.id_1');
  });

  it.each([
    ['401', 'invalid_credentials', () => app.request.post('/auth/login').send({ email: 'no@b.co', password: 'wrong' })],
    ['401', 'refresh_token_invalid', () => app.request.post('/auth/refresh').send({ refreshToken: 'x' })],
    ['401', 'token_invalid', () => app.as('x.y.z').get('/users/me')],
    ['404', 'user_not_found', () => app.as(ada.accessToken).get(`/admin/users/${UNKNOWN_ID}`)],
    ['409', 'last_admin', () => app.as(ada.accessToken).delete(`/admin/users/${ada.id}`)],
    [
      '409',
      'email_taken',
      () => app.request.post('/auth/register').send({ email: ada.email, password: 'long enough' }),
    ],
  ])('have the same shape for every feature: %s %s', async (status, code, send) => {
    const answer = await send();
    expectProblem(answer, Number(status), code);
  });

  it('have status 403 forbidden for a user without the required role', async () => {
    const { accessToken } = await buildSignedIn(app);
    expectProblem(await app.as(accessToken).get('/admin/users'), 403, 'forbidden');
  });

  describe('for an unexpected error', () => {
    // Otherwise a background write could get the mocked error instead of the request.
    beforeAll(() => app.stopBackgroundWrites());
    afterEach(() => jest.restoreAllMocks());

    it('have status 500 internal_error and no details', async () => {
      jest.spyOn(app.app.get(Database), 'run').mockRejectedValue(new Error('SELECT * FROM users: secret detail'));
      const answer = await app.request.post('/auth/login').send({ email: ada.email, password: ada.password });
      expectProblem(answer, 500, 'internal_error');
      expect(answer.text).not.toContain('secret detail');
    });

    it('have status 500 and not 401 if a guard fails', async () => {
      jest.spyOn(app.app.get(Database), 'runReserved').mockRejectedValue(new TypeError('undefined is not a function'));
      const answer = await app.as(ada.accessToken).get('/users/me');
      expectProblem(answer, 500, 'internal_error');
    });

    it('in the check of an access token is 500 too', async () => {
      jest.spyOn(app.app.get(VerifiedTokens), 'add').mockImplementationOnce(() => {
        throw new TypeError('undefined is not a function');
      });
      const { accessToken } = await buildSignedIn(app);
      expectProblem(await app.as(accessToken).get('/users/me'), 500, 'internal_error');
    });

    it('have status 500 server_error in OAuth format at the token endpoint', async () => {
      jest.spyOn(app.app.get(Database), 'run').mockRejectedValue(new Error('secret detail'));
      const form = { grant_type: 'password', username: ada.email, password: ada.password };
      const answer = await app.request.post('/auth/token').type('form').send(form).expect(500);
      expect(Object.keys(answer.body as object)).toEqual(['error', 'error_description']);
      expect(answer.body.error).toBe('server_error');
      expect(answer.text).not.toContain('secret detail');
    });

    it('do not affect the next request', async () => {
      const user = await buildUser(app);
      jest.spyOn(app.app.get(Database), 'run').mockRejectedValueOnce(new Error('once'));
      const credentials = { email: user.email, password: user.password };
      await app.request.post('/auth/login').send(credentials).expect(500);
      const { status } = await app.request.post('/auth/login').send(credentials);
      expect(status).toBe(200);
    });
  });
});
