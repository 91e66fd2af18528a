import { buildSignedIn, buildUser, signIn, type SignedIn } from '../support/builders.js';
import { issueToken } from '../support/one-time-tokens.js';
import { TestApp } from '../support/test-app.js';

/** A request that uses two connections at a time would deadlock here and fail with 503. */
describe('with a pool of one connection', () => {
  let app: TestApp;
  let admin: SignedIn;
  beforeAll(async () => {
    app = await TestApp.start({ env: { DB_POOL_MAX: '1', DB_CONNECT_TIMEOUT: '1m' } });
    admin = await buildSignedIn(app, 'admin');
  });
  afterAll(() => app.close());

  type Send = (ada: SignedIn) => PromiseLike<{ status: number }>;

  it.each<[string, number, Send]>([
    [
      'POST /auth/register',
      201,
      ({ email, password }) => app.request.post('/auth/register').send({ email: `new-${email}`, password }),
    ],
    ['POST /auth/login', 200, ({ email, password }) => app.request.post('/auth/login').send({ email, password })],
    [
      'POST /auth/token',
      200,
      ({ email, password }) =>
        app.request.post('/auth/token').type('form').send({ grant_type: 'password', username: email, password }),
    ],
    ['POST /auth/refresh', 200, ({ refreshToken }) => app.request.post('/auth/refresh').send({ refreshToken })],
    ['POST /auth/logout', 204, ({ accessToken }) => app.as(accessToken).post('/auth/logout')],
    [
      'POST /auth/password',
      204,
      ({ accessToken, password }) =>
        app
          .as(accessToken)
          .post('/auth/password')
          .send({ currentPassword: password, newPassword: `new ${password}` }),
    ],
    ['POST /auth/password/forgot', 202, ({ email }) => app.request.post('/auth/password/forgot').send({ email })],
    [
      'POST /auth/password/reset',
      204,
      async ({ id, password }) =>
        app.request
          .post('/auth/password/reset')
          .send({ token: await issueToken(app, 'password_reset', { id }), newPassword: `new ${password}` }),
    ],
    ['POST /auth/email/verification', 202, ({ accessToken }) => app.as(accessToken).post('/auth/email/verification')],
    [
      'POST /auth/email/verify',
      204,
      async ({ id }) =>
        app.request.post('/auth/email/verify').send({ token: await issueToken(app, 'email_verification', { id }) }),
    ],
    [
      'POST /auth/not-me',
      202,
      async ({ id }) => app.request.post('/auth/not-me').send({ token: await issueToken(app, 'not_me', { id }) }),
    ],
    ['GET /users/me', 200, ({ accessToken }) => app.as(accessToken).get('/users/me')],
    ['PATCH /users/me', 200, ({ accessToken }) => app.as(accessToken).patch('/users/me').send({ name: 'Ada' })],
    [
      'DELETE /users/me',
      204,
      ({ accessToken, password }) => app.as(accessToken).delete('/users/me').send({ password }),
    ],
    ['GET /sessions', 200, ({ accessToken }) => app.as(accessToken).get('/sessions')],
    ['GET /sessions/current', 200, ({ accessToken }) => app.as(accessToken).get('/sessions/current')],
    ['DELETE /sessions/:id', 204, ({ accessToken, sessionId }) => app.as(accessToken).delete(`/sessions/${sessionId}`)],
    ['DELETE /sessions', 200, ({ accessToken }) => app.as(accessToken).delete('/sessions?scope=all')],
    ['GET /admin/users', 200, () => app.as(admin.accessToken).get('/admin/users')],
    [
      'POST /admin/users',
      201,
      ({ email, password }) =>
        app
          .as(admin.accessToken)
          .post('/admin/users')
          .send({ email: `made-${email}`, password }),
    ],
    ['GET /admin/users/:id', 200, ({ id }) => app.as(admin.accessToken).get(`/admin/users/${id}`)],
    [
      'PATCH /admin/users/:id',
      200,
      ({ id }) => app.as(admin.accessToken).patch(`/admin/users/${id}`).send({ isActive: false }),
    ],
    ['DELETE /admin/users/:id', 204, ({ id }) => app.as(admin.accessToken).delete(`/admin/users/${id}`)],
    ['GET /admin/audit', 200, () => app.as(admin.accessToken).get('/admin/audit')],
    ['GET /users/me/activity', 200, ({ accessToken }) => app.as(accessToken).get('/users/me/activity')],
    ['GET /admin/sessions', 200, () => app.as(admin.accessToken).get('/admin/sessions')],
    [
      'DELETE /admin/sessions/:id',
      204,
      ({ sessionId }) => app.as(admin.accessToken).delete(`/admin/sessions/${sessionId}`),
    ],
    [
      'PATCH /admin/sessions/:id',
      200,
      ({ sessionId }) =>
        app
          .as(admin.accessToken)
          .patch(`/admin/sessions/${sessionId}`)
          .send({ expiresAt: new Date(Date.now() + 3_600_000).toISOString() }),
    ],
    [
      'POST /admin/sessions/revoke',
      200,
      ({ id }) => app.as(admin.accessToken).post('/admin/sessions/revoke').send({ userId: id }),
    ],
    ['GET /health/ready', 200, () => app.request.get('/health/ready')],
  ])('%s serves four parallel requests', async (_, expected, send) => {
    const people: SignedIn[] = [];
    for (let person = 0; person < 4; person += 1) people.push(await signIn(app, await buildUser(app)));
    const answers = await Promise.all(people.map((ada) => send(ada)));
    expect(answers.map(({ status }) => status)).toEqual(Array(4).fill(expected));
  });

  it('still detects a reused refresh token', async () => {
    const ada = await buildSignedIn(app);
    let { refreshToken } = ada;
    for (let turn = 0; turn < 2; turn += 1) {
      refreshToken = (await app.request.post('/auth/refresh').send({ refreshToken })).body.refreshToken as string;
    }
    const { status, body } = await app.request.post('/auth/refresh').send({ refreshToken: ada.refreshToken });
    expect([status, body.code]).toEqual([401, 'refresh_token_reused']);
  });
});
