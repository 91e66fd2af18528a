import { VerifiedTokens } from '../../src/auth/tokens/verified-tokens.js';
import { RejectionRecorder } from '../../src/platform/audit/rejection.recorder.js';
import { Database } from '../../src/platform/database/database.js';
import { buildSignedIn, buildUser, type SignedIn } from '../support/builders.js';
import { NOBODY } from '../support/constants.js';
import { expectProblem } from '../support/expect-problem.js';
import { TestApp } from '../support/test-app.js';

describe('problem documents', () => {
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
  ])('an unknown route is 404 not_found: %s %s', async (method, path) => {
    const answer = await app
      .as(ada.accessToken)
      [method === 'GET' ? 'get' : method === 'POST' ? 'post' : 'delete'](path);
    expectProblem(answer, 404, 'not_found');
  });

  it('an unknown route is 404 whatever body it is sent', async () => {
    const answer = await app.request.post('/nothing').set('Content-Type', 'application/json').send('{');
    expectProblem(answer, 404, 'not_found');
  });

  it.each([
    ['post', '/users/me', 'DELETE, GET, HEAD, PATCH'],
    ['put', '/users/me', 'DELETE, GET, HEAD, PATCH'],
    ['get', '/auth/login', 'POST'],
    ['delete', '/auth/token', 'POST'],
    ['put', '/admin/users', 'GET, HEAD, POST'],
    ['post', '/health/live', 'GET, HEAD'],
    ['post', '/openapi.json', 'GET, HEAD'],
    ['post', `/admin/users/${NOBODY}`, 'DELETE, GET, HEAD, PATCH'],
  ] as const)(
    'a known route with a wrong method is 405 and Allow names the right ones: %s %s',
    async (verb, path, allow) => {
      const answer = await app.request[verb](path);
      expectProblem(answer, 405, 'method_not_allowed');
      expect(answer.headers['allow']).toBe(allow);
    },
  );

  it('a wrong method is 405 whatever body it is sent', async () => {
    const answer = await app.request.put('/users/me').set('Content-Type', 'application/json').send('{');
    expectProblem(answer, 405, 'method_not_allowed');
  });

  it.each(['{', '{"email":}', 'nonsense', '"x"', '1', 'true', 'null', "{'email':'a'}", '{"a":1}{"b":2}', '   '])(
    'a body that is no JSON object is 400 malformed_body: %j',
    async (body) => {
      const answer = await app.request.post('/auth/login').set('Content-Type', 'application/json').send(body);
      expectProblem(answer, 400, 'malformed_body');
    },
  );

  it('a body over 100 kB is 413 payload_too_large', async () => {
    const answer = await app.request.post('/auth/login').send({ email: 'a'.repeat(102_400) });
    expectProblem(answer, 413, 'payload_too_large');
  });

  it('a body of exactly 100 kB is read', async () => {
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
  ])('a body of the wrong type is 415 unsupported_media_type: %s', async (type) => {
    const answer = await app.request.post('/auth/login').set('Content-Type', type).send('{}');
    expectProblem(answer, 415, 'unsupported_media_type');
  });

  it.each([
    'application/json',
    'application/JSON',
    'application/json; charset=utf-8',
    'application/json;charset="UTF-8"',
  ])('JSON in UTF-8 is understood however it is spelled: %s', async (type) => {
    const body = JSON.stringify({ email: ada.email, password: ada.password });
    const { status } = await app.request.post('/auth/login').set('Content-Type', type).send(body);
    expect(status).toBe(200);
  });

  it('all faults of a body are named at once, each by a pointer to its field', async () => {
    const answer = await app.request.post('/auth/register').send({ email: 1, name: 'x'.repeat(101), role: 'admin' });
    expectProblem(answer, 400, 'validation_failed');
    const errors = answer.body.errors as { pointer: string }[];
    expect(errors.map((error) => error.pointer).sort()).toEqual(['/email', '/name', '/password', '/role']);
  });

  it('faults of a query are named by its parameters', async () => {
    const answer = await app.as(ada.accessToken).get('/admin/users?limit=0&colour=red');
    expectProblem(answer, 400, 'validation_failed');
    expect(answer.body.errors).toEqual(
      expect.arrayContaining([
        { pointer: '/limit', message: expect.any(String) },
        { pointer: '/colour', message: expect.any(String) },
      ]),
    );
  });

  it('only a validation has errors', async () => {
    const { body } = await app.request.get('/users/me').expect(401);
    expect(body).not.toHaveProperty('errors');
  });

  it('instance is the path of the request without its query', async () => {
    const answer = await app.request.get('/users/me?access_token=secret&x=1');
    expectProblem(answer, 401, 'token_missing');
    expect(answer.body.instance).toBe('/users/me');
  });

  it('instance is the path as it was sent, encoded', async () => {
    const answer = await app.request.get('/no%20thing%22');
    expectProblem(answer, 404, 'not_found');
    expect(answer.body.instance).toBe('/no%20thing%22');
  });

  it('requestId is the one that the caller sent', async () => {
    const answer = await app.request.get('/nothing').set('X-Request-Id', 'my-own.id_1');
    expectProblem(answer, 404, 'not_found');
    expect(answer.body.requestId).toBe('my-own.id_1');
  });

  it.each([
    ['401', 'invalid_credentials', () => app.request.post('/auth/login').send({ email: 'no@b.co', password: 'wrong' })],
    ['401', 'refresh_token_invalid', () => app.request.post('/auth/refresh').send({ refreshToken: 'x' })],
    ['401', 'token_invalid', () => app.as('x.y.z').get('/users/me')],
    ['404', 'user_not_found', () => app.as(ada.accessToken).get(`/admin/users/${NOBODY}`)],
    ['409', 'last_admin', () => app.as(ada.accessToken).delete(`/admin/users/${ada.id}`)],
    [
      '409',
      'email_taken',
      () => app.request.post('/auth/register').send({ email: ada.email, password: 'long enough' }),
    ],
  ])('every error of a feature has the same shape: %s %s', async (status, code, send) => {
    const answer = await send();
    expectProblem(answer, Number(status), code);
  });

  it('a person who may not is told so, and nothing of the route', async () => {
    const { accessToken } = await buildSignedIn(app);
    expectProblem(await app.as(accessToken).get('/admin/users'), 403, 'forbidden');
  });

  describe('an error that nobody foresaw', () => {
    // What is written in the background would meet the error in the request's place.
    beforeEach(() => app.app.get(RejectionRecorder).flush());
    afterEach(() => jest.restoreAllMocks());

    it('is 500 internal_error without a word of what happened', async () => {
      jest.spyOn(app.app.get(Database), 'run').mockRejectedValue(new Error('SELECT * FROM users: secret detail'));
      const answer = await app.request.post('/auth/login').send({ email: ada.email, password: ada.password });
      expectProblem(answer, 500, 'internal_error');
      expect(answer.text).not.toContain('secret detail');
    });

    it('in a guard is 500, and never mistaken for a bad token', async () => {
      jest.spyOn(app.app.get(Database), 'run').mockRejectedValue(new TypeError('undefined is not a function'));
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

    it('at the token endpoint is 500 server_error in the form of OAuth', async () => {
      jest.spyOn(app.app.get(Database), 'run').mockRejectedValue(new Error('secret detail'));
      const form = { grant_type: 'password', username: ada.email, password: ada.password };
      const answer = await app.request.post('/auth/token').type('form').send(form).expect(500);
      expect(Object.keys(answer.body as object)).toEqual(['error', 'error_description']);
      expect(answer.body.error).toBe('server_error');
      expect(answer.text).not.toContain('secret detail');
    });

    it('leaves the next request as good as any', async () => {
      const user = await buildUser(app);
      jest.spyOn(app.app.get(Database), 'run').mockRejectedValueOnce(new Error('once'));
      const credentials = { email: user.email, password: user.password };
      await app.request.post('/auth/login').send(credentials).expect(500);
      const { status } = await app.request.post('/auth/login').send(credentials);
      expect(status).toBe(200);
    });
  });
});
