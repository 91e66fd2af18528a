import type { Response } from 'supertest';
import { RejectionDelay } from '../../src/platform/rate-limits/rejection-delay.js';
import { mailKinds } from '../support/account-records.js';
import { beforeHashing } from '../support/before-hashing.js';
import { buildSignedIn, buildUser, signIn, type BuiltUser } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { TestApp } from '../support/test-app.js';

const LIMITS = {
  // A test moves the clock by half an hour.
  REQUEST_TIMEOUT: '1h',
  RATE_LIMIT_ENABLED: 'true',
  TRUST_PROXY: 'loopback',
  CORS_ORIGINS: 'https://app.example.com',
  RATE_LIMIT_LOGIN_ADDRESS: '6/15m',
  RATE_LIMIT_LOGIN_ACCOUNT: '3/10m',
  RATE_LIMIT_REGISTER_ADDRESS: '4/1h',
  RATE_LIMIT_REGISTER_ACCOUNT: '2/1h',
  RATE_LIMIT_REFRESH_ADDRESS: '5/1m',
  RATE_LIMIT_REFRESH_ACCOUNT: '2/1m',
  RATE_LIMIT_FORGOT_ADDRESS: '5/1h',
  RATE_LIMIT_FORGOT_ACCOUNT: '2/1h',
  RATE_LIMIT_VERIFY_ADDRESS: '3/1h',
};

/** Parses a list of structured fields (RFC 9651): `"login";r=9;t=900` becomes `login: { r: 9, t: 900 }`. */
function itemsOf(header: string | undefined): Record<string, Record<string, number>> {
  const items = (header ?? '').split(', ').map((item) => {
    const [, name = '', parameters = ''] = /^"([a-z-]+)"((?:;[a-z]=\d+)+)$/.exec(item) ?? [];
    const pairs = [...parameters.matchAll(/;([a-z])=(\d+)/g)].map(([, key = '', value]) => [key, Number(value)]);
    return [name, Object.fromEntries(pairs) as Record<string, number>] as const;
  });
  return Object.fromEntries(items);
}

describe('rate limits', () => {
  let app: TestApp;
  let ada: BuiltUser;
  let hosts = 0;
  let host: string;

  beforeAll(async () => {
    // The delay would only cost time.
    const wait = () => Promise.resolve();
    app = await TestApp.start({
      env: LIMITS,
      override: (module) => module.overrideProvider(RejectionDelay).useValue({ wait }),
    });
  });
  beforeEach(async () => {
    ada = await buildUser(app);
    host = anotherHost();
  });
  afterEach(() => jest.restoreAllMocks());
  afterAll(() => app.close());

  const anotherHost = () => `203.0.113.${++hosts}`;
  const post = (path: string, body: object, from = host): Promise<Response> =>
    app.request.post(path).set('X-Forwarded-For', from).set('Origin', 'https://app.example.com').send(body).then();
  const login = (email: string, password: string, from?: string) => post('/auth/login', { email, password }, from);
  const fail = (times: number, email = ada.email, from?: string) =>
    inTurn(times, async () => (await login(email, 'wrong lanterns at dawn', from)).status);
  const register = (email: string, from?: string) =>
    post('/auth/register', { email, password: 'seven lanterns at dusk' }, from);
  const refresh = (refreshToken: string, from?: string) => post('/auth/refresh', { refreshToken }, from);

  async function inTurn<T>(times: number, act: () => Promise<T>): Promise<T[]> {
    const results = [];
    for (let i = 0; i < times; i += 1) results.push(await act());
    return results;
  }

  it('reject sign-ins to an account after too many wrong passwords, even the right one', async () => {
    expect(await fail(4)).toEqual([401, 401, 401, 429]);
    expectProblem(await login(ada.email, ada.password, anotherHost()), 429, 'too_many_requests');
  });

  it('do not reveal whether an account exists', async () => {
    const [known, unknown] = [await fail(4), await fail(4, 'nobody@example.com', anotherHost())];
    expect(unknown).toEqual(known);
  });

  it('count an account by its normalized email address', async () => {
    expect(await fail(3, ` ${ada.email.toUpperCase()} `)).toEqual([401, 401, 401]);
    expect(await fail(1, ada.email)).toEqual([429]);
  });

  it('reject a client that tries many accounts, and no other client', async () => {
    const statuses = [];
    for (let i = 0; i < 7; i += 1) statuses.push(...(await fail(1, `nobody-${i}@example.com`)));
    expect(statuses).toEqual([401, 401, 401, 401, 401, 401, 429]);
    expect((await login(ada.email, ada.password)).status).toBe(429);
    expect((await login(ada.email, ada.password, anotherHost())).status).toBe(200);
  });

  it('do not count attempts of a rejected client against an account', async () => {
    for (let i = 0; i < 6; i += 1) await fail(1, `nobody-${i}@example.com`);
    expect(await fail(5)).toEqual([429, 429, 429, 429, 429]);
    expect(await fail(3, ada.email, anotherHost())).toEqual([401, 401, 401]);
  });

  it('refund a successful sign-in, so that a shared IP address is not locked out', async () => {
    const statuses = await inTurn(8, async () => (await login(ada.email, ada.password)).status);
    expect(statuses).toEqual(Array(8).fill(200));
    expect(await fail(4, ada.email, anotherHost())).toEqual([401, 401, 401, 429]);
  });

  it('state the remaining quota and the time to wait in every response', async () => {
    jest.spyOn(Date, 'now').mockReturnValue(Date.now());
    const policy = '"login-address";q=6;w=900, "login-account";q=3;w=600';
    const bad = await login(ada.email, 'wrong lanterns at dawn');
    expect(bad.headers['ratelimit-policy']).toBe(policy);
    expect(itemsOf(bad.headers['ratelimit'])).toEqual({
      'login-address': { r: 5, t: 900 },
      'login-account': { r: 2, t: 600 },
    });
    const good = await login(ada.email, ada.password);
    expect(good.headers['ratelimit-policy']).toBe(policy);
    expect(itemsOf(good.headers['ratelimit'])).toMatchObject({ 'login-address': { r: 5 }, 'login-account': { r: 2 } });
    const stranger = anotherHost();
    await fail(2, ada.email, stranger);
    const rejected = await login(ada.email, ada.password, stranger);
    expectProblem(rejected, 429, 'too_many_requests');
    const { 'login-account': account } = itemsOf(rejected.headers['ratelimit']);
    expect(account).toEqual({ r: 0, t: 600 });
    expect(rejected.headers['retry-after']).toBe('600');
    const exposed = rejected.headers['access-control-expose-headers'];
    expect(exposed?.split(',')).toEqual(expect.arrayContaining(['Retry-After', 'RateLimit', 'RateLimit-Policy']));
  });

  it('do not extend the wait if a rejected client retries', async () => {
    await fail(3);
    const ends = () =>
      app.database.query(`SELECT key, expire FROM rate_limits WHERE key LIKE 'login-account:%' ORDER BY key`);
    const before = await ends();
    expect(await fail(2)).toEqual([429, 429]);
    expect(await ends()).toEqual(before);
  });

  it('reset after their window', async () => {
    expect(await fail(4)).toEqual([401, 401, 401, 429]);
    await app.database.query('UPDATE rate_limits SET expire = expire - 3600000');
    // The process remembers the exhausted limit for five seconds.
    const now = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => now() + 5_000);
    expect((await login(ada.email, ada.password)).status).toBe(200);
    expect(await fail(4, ada.email, anotherHost())).toEqual([401, 401, 401, 429]);
  });

  it('do not refund an attempt after its window', async () => {
    const now = performance.now.bind(performance);
    beforeHashing(app, 'verify', async () => {
      await app.database.query('UPDATE rate_limits SET expire = expire - 3600000');
      expect(await fail(3)).toEqual([401, 401, 401]);
      jest.spyOn(performance, 'now').mockImplementation(() => now() + 1_800_000);
    });
    expect((await login(ada.email, ada.password)).status).toBe(200);
    jest.restoreAllMocks();
    expect(await fail(1, ada.email, anotherHost())).toEqual([429]);
  });

  it('apply to registrations, successful or not', async () => {
    const taken = await inTurn(3, async () => (await register('eve@example.com')).status);
    expect(taken).toEqual([201, 409, 429]);
    expect((await register('mallory@example.com')).status).toBe(201);
    const rejected = await register('trudy@example.com');
    expectProblem(rejected, 429, 'too_many_requests');
    expect(itemsOf(rejected.headers['ratelimit-policy'])['register-address']).toEqual({ q: 4, w: 3_600 });
    expect((await register('trudy@example.com', anotherHost())).status).toBe(201);
  });

  it('apply to failed refreshes, per session and per client', async () => {
    const { refreshToken, accessToken } = await signIn(app, ada);
    await app.as(accessToken).post('/auth/logout').expect(204);
    expect(await inTurn(3, async () => (await refresh(refreshToken)).status)).toEqual([401, 401, 429]);
    expect(await inTurn(3, async () => (await refresh('nonsense')).status)).toEqual([401, 401, 429]);
    expect((await refresh('nonsense', anotherHost())).status).toBe(401);
  });

  it('count sign-outs with forged refresh tokens, whose response does not change', async () => {
    const { refreshToken, accessToken } = await signIn(app, ada);
    const forged = refreshToken.slice(0, -4) + (refreshToken.endsWith('AAAA') ? 'BBBB' : 'AAAA');
    const answers = await inTurn(4, () => post('/auth/logout', { refreshToken: forged }));
    expect(answers.map(({ status, headers }) => [status, headers['ratelimit']])).toEqual(
      Array(4).fill([204, undefined]),
    );
    expect((await refresh(forged)).status).toBe(429);
    expect((await post('/auth/logout', { refreshToken })).status).toBe(204);
    expect((await app.as(accessToken).get('/users/me')).status).toBe(401);
  });

  it('never reject a valid refresh, and announce the limit of its client', async () => {
    let { refreshToken } = await signIn(app, ada);
    const stolen = refreshToken.slice(0, -4) + (refreshToken.endsWith('AAAA') ? 'BBBB' : 'AAAA');
    expect(await inTurn(5, async () => (await refresh(stolen)).status)).toEqual([401, 401, 429, 429, 429]);
    for (let i = 0; i < 8; i += 1) {
      const answer = await refresh(refreshToken);
      expect([answer.status, answer.headers['ratelimit-policy']]).toEqual([200, '"refresh-address";q=5;w=60']);
      refreshToken = answer.body.refreshToken as string;
    }
  });

  it('apply to reset requests, whether or not the account exists', async () => {
    const forgot = async (email: string) => (await post('/auth/password/forgot', { email })).status;
    expect(await inTurn(3, () => forgot(ada.email))).toEqual([202, 202, 202]);
    expect(await inTurn(3, () => forgot('nobody@example.com'))).toEqual([202, 202, 429]);
    const mails = await mailKinds(app, ada);
    expect(mails.filter((kind) => kind === 'reset_password')).toHaveLength(2);
  });

  it.each([
    ['/auth/password/reset', { newPassword: 'nine lanterns before noon' }],
    ['/auth/email/verify', {}],
    ['/auth/email/change', {}],
    ['/auth/invitation/accept', { password: 'nine lanterns before noon' }],
    ['/auth/not-me', {}],
    ['/auth/one-time-tokens/check', { purpose: 'not_me' }],
  ])('apply to guesses of mailed tokens at %s', async (path, fields) => {
    const guess = async (from?: string) => (await post(path, { token: 'A'.repeat(43), ...fields }, from)).status;
    expect(await inTurn(4, () => guess())).toEqual([422, 422, 422, 429]);
    expect(await guess(anotherHost())).toBe(422);
  });

  it('apply to password guesses in a session, by change and deletion together', async () => {
    const { accessToken, email, password } = await buildSignedIn(app);
    const session = app.as(accessToken);
    const change = async () => {
      const body = { currentPassword: 'wrong lanterns at dawn', newPassword: 'nine lanterns before noon' };
      return (await session.post('/auth/password').set('X-Forwarded-For', host).send(body)).status;
    };
    const remove = async (guess: string) =>
      (await session.delete('/users/me').set('X-Forwarded-For', host).send({ password: guess })).status;
    expect([await change(), await remove('wrong lanterns at dusk'), await change()]).toEqual([401, 401, 401]);
    expect([await remove(password), await change()]).toEqual([429, 429]);
    expect((await login(email, password, anotherHost())).status).toBe(200);
  });

  it('of step-up codes do not stop a new sign-in, which suffices', async () => {
    const { accessToken, email, password } = await buildSignedIn(app);
    const guess = () => app.as(accessToken).post('/auth/step-up').set('X-Forwarded-For', host).send({ code: '000000' });
    for (let i = 0; i < 3; i += 1) expectProblem(await guess(), 401, 'factor_invalid');
    expectProblem(await guess(), 429, 'too_many_requests');
    const { body } = await login(email, password, anotherHost());
    await app.as(body.accessToken).post('/auth/keys').send({ name: 'Nightly export' }).expect(201);
  });

  it('of password guesses in a session ignore sign-ins with the user ID', async () => {
    const { accessToken, id, password } = await buildSignedIn(app);
    for (const username of [id, JSON.stringify({ id })]) {
      const wrong = { grant_type: 'password', username, password: 'wrong lanterns at dawn' };
      for (let i = 0; i < 3; i += 1) {
        await app.request
          .post('/auth/token')
          .set('X-Forwarded-For', anotherHost())
          .type('form')
          .send(wrong)
          .expect(400);
      }
    }
    await app.as(accessToken).delete('/users/me').set('X-Forwarded-For', host).send({ password }).expect(204);
  });

  it('apply at the token endpoint, in OAuth format', async () => {
    jest.spyOn(Date, 'now').mockReturnValue(Date.now());
    const token = (form: Record<string, string>) =>
      app.request.post('/auth/token').set('X-Forwarded-For', host).type('form').send(form);
    const wrong = { grant_type: 'password', username: ada.email, password: 'wrong lanterns at dawn' };
    for (const username of [ada.email, ada.email.toUpperCase(), ` ${ada.email}`]) {
      await token({ ...wrong, username }).expect(400);
    }
    const rejected = await token({ ...wrong, password: ada.password }).expect(429);
    expect(rejected.body).toEqual({ error: 'temporarily_unavailable', error_description: expect.any(String) });
    expect(rejected.headers['retry-after']).toBe('600');
    expect(itemsOf(rejected.headers['ratelimit'])['login-account']).toMatchObject({ r: 0 });
    for (let i = 0; i < 5; i += 1) await token({ grant_type: 'refresh_token', refresh_token: 'nonsense' }).expect(400);
    await token({ grant_type: 'refresh_token', refresh_token: 'nonsense' }).expect(429);
  });

  it('store neither email addresses nor IP addresses', async () => {
    await fail(1);
    const text = JSON.stringify(await app.database.query('SELECT * FROM rate_limits'));
    expect(text).toContain('login-account:');
    expect(text).not.toContain(ada.email);
    expect(text).not.toContain(host);
  });

  it('do not count invalid requests', async () => {
    const answer = await post('/auth/login', { email: 'no address', password: 'x' });
    expect(answer.status).toBe(400);
    expect(answer.headers).not.toHaveProperty('ratelimit');
  });
});
