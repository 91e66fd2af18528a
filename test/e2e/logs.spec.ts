import { request as httpRequest } from 'node:http';
import { HealthService } from '../../src/health/health.service.js';
import { LineSampler } from '../../src/platform/logging/line-sampler.js';
import { createLogger } from '../../src/platform/logging/logger.js';
import { buildSignedIn, buildUser, signIn } from '../support/builders.js';
import { RFC_3339 } from '../support/constants.js';
import { LogLines } from '../support/log-lines.js';
import { exchange, rawRequest } from '../support/raw-http.js';
import { TestApp, TEST_SECRET } from '../support/test-app.js';
import { until } from '../support/until.js';

describe('the log', () => {
  const log = new LogLines();
  let app: TestApp;

  beforeAll(async () => (app = await TestApp.start({ log })));
  afterAll(() => app.close());
  beforeEach(() => log.clear());

  /** Waits for the line of a request, which is written after the response is sent. */
  async function lineOf(requestId: string): Promise<Record<string, unknown>> {
    const find = () => log.records.find((record) => record['requestId'] === requestId && 'responseTime' in record);
    await until(`the log has the line of request ${requestId}`, () => find() !== undefined);
    return find() ?? {};
  }

  /** Lets the sampler count what `act` logs as lines of the same second, even on a slow machine. */
  async function withinOneSecond(act: () => Promise<unknown>): Promise<void> {
    const late = new Set<LineSampler>();
    const endSecond = jest.spyOn(LineSampler.prototype, 'endSecond').mockImplementation(function (this: LineSampler) {
      late.add(this);
    });
    await act().finally(() => endSecond.mockRestore());
    for (const sampler of late) sampler.endSecond();
  }

  it('has one line per request with ID, method, route, status, user, client and bytes', async () => {
    const ada = await buildSignedIn(app);
    const { headers } = await app.as(ada.accessToken).get('/users/me?x=1').expect(200);
    expect(await lineOf(headers['x-request-id'] ?? '')).toEqual({
      level: 'info',
      time: expect.stringMatching(RFC_3339),
      requestId: headers['x-request-id'],
      method: 'GET',
      path: '/users/me',
      route: '/users/me',
      status: 200,
      userId: ada.id,
      sessionId: ada.sessionId,
      clientIp: '127.0.0.1',
      bytes: expect.any(Number),
      responseTime: expect.any(Number),
      msg: 'GET /users/me 200',
    });
  });

  it('contains the request ID that the client sent', async () => {
    await app.request.get('/users/me').set('X-Request-Id', 'traced-42').expect(401);
    expect(await lineOf('traced-42')).toMatchObject({ status: 401, path: '/users/me' });
  });

  it('contains the route template, and the bytes of the response with its headers', async () => {
    const { accessToken, sessionId } = await buildSignedIn(app);
    const small = await app.as(accessToken).delete(`/sessions/${sessionId}`).expect(204);
    const line = await lineOf(small.headers['x-request-id'] ?? '');
    expect(line).toMatchObject({ path: `/sessions/${sessionId}`, route: '/sessions/:id' });
    const large = await app.request.get('/openapi.json').expect(200);
    const { bytes } = await lineOf(large.headers['x-request-id'] ?? '');
    expect(Number(bytes)).toBeGreaterThan(Buffer.byteLength(large.text));
    expect(Number(line['bytes'])).toBeLessThan(2_000);
  });

  it('shows an aborted request with status 499 and the IP address of its client', async () => {
    const { accessToken } = await buildSignedIn(app);
    await app.database.query('BEGIN');
    await app.database.query('LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
    const headers = { Authorization: `Bearer ${accessToken}`, 'X-Request-Id': 'aborted-1' };
    const aborted = httpRequest(`${app.url}/users/me`, { headers }).on('error', () => undefined);
    aborted.end();
    await until('the lookup waits', async () => (await app.database.waiting()).length > 0);
    aborted.destroy();
    const line = await lineOf('aborted-1');
    await app.database.query('ROLLBACK');
    expect(line).toMatchObject({ level: 'info', status: 499, aborted: true, clientIp: '127.0.0.1', bytes: 0 });
  });

  it('samples rejections under a flood and counts the others', async () => {
    await withinOneSecond(() =>
      Promise.all(Array.from({ length: 60 }, () => app.request.get('/users/me').expect(401))),
    );
    const count = () => log.records.find(({ suppressed }) => suppressed !== undefined)?.['suppressed'];
    await until('the suppressed lines are counted', () => count() !== undefined);
    const written = log.records.filter(({ status, code }) => status === 401 && code === 'token_missing');
    expect(written.length).toBeLessThan(60);
    expect(log.records).toContainEqual(
      expect.objectContaining({ level: 'warn', code: 'token_missing', suppressed: expect.any(Number) }),
    );
  });

  it('contains the problem code', async () => {
    // Another code than that of the flood, whose lines may still be suppressed.
    const { headers } = await app.request.get('/nothing').expect(404);
    expect(await lineOf(headers['x-request-id'] ?? '')).toMatchObject({ status: 404, code: 'not_found' });
  });

  it('omits health checks', async () => {
    await app.request.get('/health/ready').expect(200);
    const { headers } = await app.request.get('/nothing');
    await lineOf(headers['x-request-id'] ?? '');
    expect(log.text).not.toContain('/health/');
  });

  it('samples failed probes, because anyone can repeat them', async () => {
    const pool = { total: 0, idle: 0, waiting: 0 };
    const database = { status: 'error', roundTripMs: null, reason: null } as const;
    const failed = { status: 'error', checks: { database, migrations: { pending: null }, pool } } as const;
    const readiness = jest.spyOn(HealthService.prototype, 'readiness').mockResolvedValue(failed);
    await withinOneSecond(() =>
      Promise.all(Array.from({ length: 60 }, () => app.request.get('/health/ready').expect(503))),
    );
    readiness.mockRestore();
    await until('the suppressed lines are counted', () =>
      log.records.some(({ suppressed }) => suppressed !== undefined),
    );
    const levels = log.records.filter(({ path }) => path === '/health/ready').map(({ level }) => level);
    expect(levels.length).toBeLessThan(60);
    expect(new Set(levels)).toEqual(new Set(['warn']));
    // Lines without a code are sampled per route.
    expect(log.records).toContainEqual(
      expect.objectContaining({ code: '503 /health/ready', suppressed: expect.any(Number) }),
    );
  });

  it('contains no password, token, hash or header value, nor do audit events', async () => {
    const password = 'correct horse battery staple';
    const wrong = 'wrong horse battery staple';
    const user = { email: 'life@example.com', password };
    await app.request
      .post('/auth/register')
      .send({ ...user, name: 'Life' })
      .expect(201);
    await app.request.post('/auth/register').send(user).expect(409);
    await app.request
      .post('/auth/login')
      .send({ ...user, password: wrong })
      .expect(401);
    await app.request
      .post('/auth/login')
      .send({ ...user, secret: password })
      .expect(400);
    await app.request.post('/auth/login').set('Content-Type', 'application/json').send(`{"password":"${password}"`);
    const first = (await app.request.post('/auth/login').send(user).expect(200)).body;
    const second = (await app.request.post('/auth/refresh').send({ refreshToken: first.refreshToken }).expect(200))
      .body;
    const form = { grant_type: 'password', username: user.email, password };
    const third = (await app.request.post('/auth/token').type('form').send(form).expect(200)).body;
    await app.request
      .post('/auth/token')
      .type('form')
      .send({ ...form, password: wrong })
      .expect(400);
    await app.request.get(`/users/me?access_token=${first.accessToken}`).expect(401);
    await app.as(`${first.accessToken}x`).get('/users/me').expect(401);
    await app.request.get('/users/me').set('Authorization', 'Basic bGlmZTpob3JzZQ==').expect(401);
    await app.as(second.accessToken).get('/users/me').set('Cookie', 'sid=cookie-of-life').expect(200);
    await app.database.query(`UPDATE sessions SET refreshed_at = now() - interval '1 hour', is_pair_used = true`);
    await app.request.post('/auth/refresh').send({ refreshToken: first.refreshToken }).expect(401);
    const [row] = await app.database.query<{ hash: string }>(
      'SELECT password_hash AS hash FROM users WHERE email = $1',
      [user.email],
    );
    await app
      .as(third.access_token as string)
      .delete('/users/me')
      .send({ password: wrong })
      .expect(401);
    const { headers } = await app
      .as(third.access_token as string)
      .delete('/users/me')
      .send({ password })
      .expect(204);
    await lineOf(headers['x-request-id'] ?? '');

    expect(log.records.length).toBeGreaterThan(15);
    const secrets = [password, wrong, row?.hash, first.accessToken, second.accessToken, third.access_token];
    secrets.push(first.refreshToken, second.refreshToken, third.refresh_token, 'bGlmZTpob3JzZQ==', 'cookie-of-life');
    const events = await app.database.query<{ text: string }>('SELECT audit_events::text AS text FROM audit_events');
    const written = [log.text, ...events.map(({ text }) => text)].join('\n');
    expect(events.length).toBeGreaterThan(5);
    for (const secret of [...secrets, TEST_SECRET]) {
      expect(secret).toMatch(/.{8,}/);
      expect(written).not.toContain(secret);
    }
    expect(written).not.toMatch(/bearer|\$bcrypt|\$2[aby]\$|eyJ/i);
  });

  it('reports a reused refresh token by IDs only', async () => {
    const ada = await buildSignedIn(app);
    await app.request.post('/auth/refresh').send({ refreshToken: ada.refreshToken }).expect(200);
    await app.database.query(
      `UPDATE sessions SET refreshed_at = now() - interval '1 hour', is_pair_used = true WHERE id = $1`,
      [ada.sessionId],
    );
    await app.request.post('/auth/refresh').send({ refreshToken: ada.refreshToken }).expect(401);
    expect(log.records).toContainEqual(
      expect.objectContaining({ level: 'warn', sessionId: ada.sessionId, userId: ada.id }),
    );
    expect(log.text).not.toContain(ada.refreshToken);
  });

  describe('of an unexpected error', () => {
    beforeAll(() => app.database.query(`ALTER TABLE users ADD CONSTRAINT ck_boom CHECK (name <> 'boom')`));
    afterAll(() => app.database.query('ALTER TABLE users DROP CONSTRAINT ck_boom'));

    const register = () =>
      app.request
        .post('/auth/register')
        .send({ email: 'boom@example.com', password: 'the password of boom', name: 'boom' });

    it('contains stack and request ID, while the response contains no cause', async () => {
      const { headers, body, text } = await register().expect(500);
      const line = log.records.find((record) => record['msg'] === 'Unexpected error');
      expect(line).toMatchObject({ level: 'error', requestId: headers['x-request-id'] });
      expect(line?.['err']).toMatchObject({ code: '23514', stack: expect.stringContaining('users.repository') });
      expect(body.code).toBe('internal_error');
      expect(text).not.toMatch(/ck_boom|repository|constraint/);
    });

    it('omits the query parameters, which include the password hash', async () => {
      const { headers } = await register().expect(500);
      await lineOf(headers['x-request-id'] ?? '');
      expect(log.text).toContain('ck_boom');
      expect(log.text).not.toMatch(/\$bcrypt|boom@example\.com|the password of boom|Failing row/);
    });

    it('has a request line with the level error', async () => {
      const { headers } = await register().expect(500);
      expect(await lineOf(headers['x-request-id'] ?? '')).toMatchObject({ level: 'error', status: 500 });
    });
  });

  const FORGED = '{"level":"info","msg":"forged"}';

  it.each([
    ['CR and LF', `a\r\n${FORGED}\r\n`],
    ['LF', `a\n${FORGED}\n`],
    ['a line separator', `a\u2028${FORGED}\u2028`],
    ['a next-line character', `a\u0085${FORGED}`],
    ['an escape sequence', `\u001b[2J\u001b[31m${FORGED}`],
  ])('has no forged line from %s in a name, device or email', async (_, text) => {
    const user = await buildUser(app);
    await app.request.post('/auth/register').send({ email: `x${text}@b.co`, password: 'long enough', name: text });
    await app.request.post('/auth/login').send({ ...user, email: `${user.email}${text}` });
    const { sessionId, accessToken } = await signIn(app, user, text);
    await app.as(accessToken).patch('/users/me').send({ name: text }).expect(200);
    const { headers } = await app.as(accessToken).delete(`/sessions/${sessionId}`).expect(204);
    await lineOf(headers['x-request-id'] ?? '');
    expect(log.records.filter(({ msg }) => msg === 'forged')).toEqual([]);
    expect(log.text).not.toContain('\u001b');
  });

  it.each([
    ['a path', 'GET /%0d%0a%7b%22msg%22:%22forged%22%7d', []],
    ['a raw path', 'GET /"}{"msg":"forged"}', []],
    ['a query', 'GET /users/me?a=%0d%0a{"msg":"forged"}', []],
    ['a user agent', 'GET /users/me', ['User-Agent: a%0d%0a{"msg":"forged"}\t\x85']],
    ['a request id', 'GET /users/me', ['X-Request-Id: a"}{"msg":"forged"}']],
    ['a forwarded IP address', 'GET /users/me', ['X-Forwarded-For: "}{"msg":"forged"}']],
  ])('has no forged line from %s', async (_, line, headers) => {
    const answer = await exchange(app, rawRequest(line, headers));
    const requestId = answer.headers['x-request-id'];
    await lineOf(requestId ?? '');
    expect(log.records.filter((record) => record['requestId'] === requestId)).toHaveLength(1);
    expect(log.records.filter(({ msg }) => msg === 'forged')).toEqual([]);
  });

  it('does not interpret format directives', async () => {
    const answer = await exchange(app, rawRequest('GET /%73%s%d%o%j'));
    expect(await lineOf(answer.headers['x-request-id'] ?? '')).toMatchObject({
      msg: `GET /%73%s%d%o%j ${answer.status}`,
    });
  });

  it('has one JSON object per line without duplicate members', async () => {
    await app.request.post('/auth/login').send({ email: 'x' }).expect(400);
    const { headers } = await app.request.get('/users/me').expect(401);
    await lineOf(headers['x-request-id'] ?? '');
    const lines = log.text.trimEnd().split('\n');
    expect(lines.length).toBeGreaterThanOrEqual(2);
    for (const line of lines) expect(JSON.stringify(JSON.parse(line))).toBe(line);
  });

  it('omits module names at level info', async () => {
    const quiet = new LogLines();
    const other = await TestApp.start({ database: app.database, log: quiet, env: { LOG_LEVEL: 'info' } });
    await other.close();
    expect(quiet.text).not.toMatch(/RouterExplorer|InstanceLoader/);
  });

  it('redacts fields whose name means a secret', async () => {
    const lines = new LogLines();
    const logger = await createLogger(app.config, lines);
    logger.info({ password: 'x1', user: { passwordHash: 'x2', auth: { refreshToken: 'x3' } }, authorization: 'x4' });
    expect(lines.text).toContain('[redacted]');
    expect(lines.text).not.toMatch(/x[1-4]/);
  });
});
