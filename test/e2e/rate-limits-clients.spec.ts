import { OneTimeTokensRepository } from '../../src/auth/one-time-tokens/one-time-tokens.repository.js';
import { mailKinds } from '../support/account-records.js';
import { buildUser, type BuiltUser } from '../support/builders.js';
import { LogLines } from '../support/log-lines.js';
import { issueToken } from '../support/one-time-tokens.js';
import { TestApp } from '../support/test-app.js';

const ENV = { RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_LOGIN_ADDRESS: '1000/15m', RATE_LIMIT_LOGIN_ACCOUNT: '10/15m' };

/** Counts the responses by status. */
const countByStatus = (statuses: readonly number[]) =>
  Object.fromEntries([...new Set(statuses)].map((status) => [status, statuses.filter((it) => it === status).length]));

describe('rate limits on two instances', () => {
  let instances: [TestApp, TestApp];
  beforeAll(async () => (instances = await TestApp.startTwo({ env: ENV })));
  afterAll(() => instances[0].close());

  const failLogins = (times: number, email: string) =>
    Promise.all(
      Array.from({ length: times }, async (_, i) => {
        const body = { email, password: 'wrong lanterns at dawn' };
        return (await instances[i % 2]?.request.post('/auth/login').send(body))?.status ?? 0;
      }),
    );

  it('allow exactly the limit of 200 parallel wrong sign-ins on one account', async () => {
    const { email } = await buildUser(instances[0]);
    expect(countByStatus(await failLogins(200, email))).toEqual({ 401: 10, 429: 190 });
  });

  it('apply equally to an account that does not exist', async () => {
    expect(countByStatus(await failLogins(50, 'nobody@example.com'))).toEqual({ 401: 10, 429: 40 });
  });
});

describe('the client of a rate limit', () => {
  const env = { ...ENV, RATE_LIMIT_LOGIN_ADDRESS: '2/15m' };
  const log = new LogLines();
  let direct: TestApp;
  let behindProxy: TestApp;
  beforeAll(async () => {
    direct = await TestApp.start({ env, log });
    behindProxy = await TestApp.start({ env: { ...env, TRUST_PROXY: 'loopback' }, log });
  });
  beforeEach(() =>
    Promise.all([direct, behindProxy].map((app) => app.database.query('TRUNCATE rate_limits'))).then(() => undefined),
  );
  afterAll(async () => {
    await direct.close();
    await behindProxy.close();
  });

  async function statusesFrom(app: TestApp, addresses: readonly string[]): Promise<number[]> {
    const statuses = [];
    for (const [i, address] of addresses.entries()) {
      const body = { email: `nobody-${i}@example.com`, password: 'wrong lanterns at dawn' };
      statuses.push((await app.request.post('/auth/login').set('X-Forwarded-For', address).send(body)).status);
    }
    return statuses;
  }

  it('is taken from X-Forwarded-For only if TRUST_PROXY includes the proxy', async () => {
    const addresses = ['203.0.113.1', '203.0.113.2', '203.0.113.3'];
    expect(await statusesFrom(direct, addresses)).toEqual([401, 401, 429]);
    expect(await statusesFrom(behindProxy, addresses)).toEqual([401, 401, 401]);
    const warnings = log.records.filter(({ level, msg }) => level === 'warn' && String(msg).includes('TRUST_PROXY'));
    expect(warnings).toMatchObject([{ msg: expect.stringMatching(/^127\.0\.0\.1 sends X-Forwarded-For/) }]);
  });

  it('is the IP address added by the trusted proxy, not by the client', async () => {
    const invented = ['198.51.100.1, 203.0.113.1', '198.51.100.2, 203.0.113.1', '198.51.100.3, 203.0.113.1'];
    expect(await statusesFrom(behindProxy, invented)).toEqual([401, 401, 429]);
  });

  it('includes a whole IPv6 /64 and no other', async () => {
    const addresses = ['2001:db8:a:b::1', '2001:db8:a:b:ffff::2', '2001:db8:a:b:1:2:3:4', '2001:db8:a:c::1'];
    expect(await statusesFrom(behindProxy, addresses)).toEqual([401, 401, 429, 401]);
  });

  it('is the same for an IPv4 address and its IPv6-mapped form', async () => {
    // Not those of earlier tests, because the process remembers for five seconds whose limit is exhausted.
    const addresses = ['203.0.113.8', '::ffff:203.0.113.8', '::ffff:cb00:7108', '203.0.113.9'];
    expect(await statusesFrom(behindProxy, addresses)).toEqual([401, 401, 429, 401]);
  });

  it('is shared by all requests without a known IP address', async () => {
    expect(await statusesFrom(behindProxy, ['unknown', 'nonsense', 'unknown'])).toEqual([401, 401, 429]);
  });
});

describe('an account under attack', () => {
  const OWNER = { 'X-Forwarded-For': '203.0.113.7', 'User-Agent': 'Firefox' };
  const ELSEWHERE = { 'X-Forwarded-For': '192.0.2.9', 'User-Agent': 'Firefox' };
  const ATTACKER = { 'X-Forwarded-For': '198.51.100.1', 'User-Agent': 'curl' };
  let app: TestApp;
  let ada: BuiltUser;
  beforeAll(async () => {
    app = await TestApp.start({ env: { ...ENV, TRUST_PROXY: 'loopback', RATE_LIMIT_LOGIN_ACCOUNT: '3/15m' } });
  });
  beforeEach(async () => (ada = await buildUser(app)));
  afterAll(() => app.close());

  interface Body {
    readonly password?: string;
    readonly refreshToken?: string;
  }
  async function login(
    headers: Record<string, string>,
    { password = ada.password, refreshToken }: Body = {},
    user = ada,
  ) {
    return app.request.post('/auth/login').set(headers).send({ email: user.email, password, refreshToken });
  }
  const signIn = async (headers: Record<string, string>, user = ada) =>
    (await login(headers, { password: user.password }, user)).body as { refreshToken: string; accessToken: string };
  async function attack(): Promise<void> {
    for (let i = 0; i < 5; i += 1) await login(ATTACKER, { password: 'wrong lanterns at dawn' });
  }

  it('locks out every unknown device', async () => {
    await attack();
    expect((await login(OWNER)).status).toBe(429);
  });

  it('does not lock its owner out of a device with a session', async () => {
    await signIn(OWNER);
    await attack();
    const answer = await login(OWNER);
    expect([answer.status, answer.headers['ratelimit-policy']]).toEqual([
      200,
      '"login-address";q=1000;w=900, "login-device";q=3;w=900',
    ]);
    expect((await login(ATTACKER)).status).toBe(429);
  });

  it('does not lock its owner out of a moved device with a refresh token', async () => {
    const { refreshToken } = await signIn(OWNER);
    await app.database.query(`UPDATE sessions SET idle_expires_at = now() - interval '20 days'`);
    await attack();
    expect((await login(ELSEWHERE)).status).toBe(429);
    expect((await login(ELSEWHERE, { refreshToken })).status).toBe(200);
    const form = { grant_type: 'password', username: ada.email, password: ada.password, refresh_token: refreshToken };
    expect((await app.request.post('/auth/token').set(ELSEWHERE).type('form').send(form)).status).toBe(200);
  });

  it('does not accept a forged, foreign or revoked refresh token from a device', async () => {
    const { refreshToken } = await signIn(OWNER);
    const { accessToken, refreshToken: working } = await signIn(OWNER);
    const { refreshToken: foreign } = await signIn(ATTACKER, await buildUser(app));
    await app.as(accessToken).delete('/sessions?scope=others').expect(200);
    const forged = working.slice(0, 30) + 'A'.repeat(working.length - 30);
    await attack();
    for (const token of [forged, foreign, refreshToken]) {
      expect((await login(ATTACKER, { refreshToken: token })).status).toBe(429);
    }
  });

  it('limits a known device separately', async () => {
    const { refreshToken } = await signIn(OWNER);
    await attack();
    const wrong = { refreshToken, password: 'wrong lanterns at dawn' };
    const statuses = [];
    for (let i = 0; i < 5; i += 1) statuses.push((await login(ATTACKER, wrong)).status);
    expect(statuses).toEqual([401, 401, 401, 429, 429]);
    // Without a refresh token, the limits count this as another device.
    expect((await login(OWNER)).status).toBe(200);
  });

  const post = (path: string, headers: Record<string, string>, body: object) =>
    app.request.post(path).set(headers).send(body);
  const times = async (count: number, act: () => PromiseLike<{ status: number }>) => {
    const statuses = [];
    for (let i = 0; i < count; i += 1) statuses.push((await act()).status);
    return statuses;
  };

  it('does not lock its owner out of a device that has reset the password', async () => {
    const token = await issueToken(app, 'password_reset', ada);
    const password = 'nine lanterns before noon';
    await attack();
    await post('/auth/password/reset', OWNER, { token, newPassword: password }).expect(204);
    await attack();
    expect((await login(ELSEWHERE, { password })).status).toBe(429);
    expect((await login(OWNER, { password })).status).toBe(200);
    await app.database.query(`UPDATE users SET password_changed_at = now() + interval '1 minute' WHERE id = $1`, [
      ada.id,
    ]);
    await app.database.query('DELETE FROM sessions');
    expect((await login(OWNER, { password })).status).toBe(429);
  });

  it('does not lock its owner out of the device that has registered it', async () => {
    const [email, password] = ['bob@example.com', 'seven lanterns at dusk'];
    const { body } = await post('/auth/register', OWNER, { email, password }).expect(201);
    const bob = { id: body.id as string, email, password };
    await times(5, () => login(ATTACKER, { password: 'wrong lanterns at dawn' }, bob));
    expect((await login(ELSEWHERE, { password }, bob)).status).toBe(429);
    expect((await login(OWNER, { password }, bob)).status).toBe(200);
  });

  it('can be registered by its owner after any number of attempts by strangers', async () => {
    const [email, strong] = ['carol@example.com', 'seven lanterns at dusk'];
    const weak = () => post('/auth/register', ATTACKER, { email, password: 'password' });
    expect(await times(6, weak)).toEqual([422, 422, 422, 422, 422, 422]);
    const guess = () => post('/auth/register', ATTACKER, { email: ada.email, password: strong });
    expect(await times(6, guess)).toEqual([409, 409, 409, 409, 409, 429]);
    await post('/auth/register', OWNER, { email: ada.email, password: strong }).expect(409);
    await post('/auth/register', ATTACKER, { email, password: strong }).expect(201);
    await post('/auth/register', OWNER, { email: 'dan@example.com', password: strong }).expect(201);
  });

  it('gets a limited number of verification mails, however often strangers register and delete it', async () => {
    const [email, password] = ['erin@example.com', 'seven lanterns at dusk'];
    const erin = { id: '', email, password };
    const from = (i: number) => ({ 'X-Forwarded-For': `198.51.100.${100 + i}` });
    for (let i = 0; i < 7; i += 1) {
      await post('/auth/register', from(i), { email, password }).expect(201);
      const { body } = await post('/auth/login', from(i), { email, password }).expect(200);
      const { accessToken } = body as { accessToken: string };
      await app.as(accessToken).delete('/users/me').set(from(i)).send({ password }).expect(204);
    }
    await post('/auth/register', ATTACKER, { email, password }).expect(201);
    const kinds = await mailKinds(app, erin);
    expect(kinds.filter((kind) => kind === 'verify_email')).toHaveLength(5);
    await post('/auth/password/forgot', ELSEWHERE, { email }).expect(202);
    expect((await mailKinds(app, erin)).filter((kind) => kind === 'reset_password')).toHaveLength(1);
  });

  it('gets another reset link beyond the limit once the newest one is half expired', async () => {
    const forgot = () => post('/auth/password/forgot', ATTACKER, { email: ada.email }).expect(202);
    const resetLinks = async () => (await mailKinds(app, ada)).filter((kind) => kind === 'reset_password').length;
    const letPass = (minutes: number) =>
      app.database.query(
        `UPDATE one_time_tokens SET created_at = created_at - $2 * interval '1 minute',
                expires_at = expires_at - $2 * interval '1 minute' WHERE user_id = $1`,
        [ada.id, minutes],
      );
    await times(6, forgot);
    expect(await resetLinks()).toBe(5);
    await letPass(20);
    await forgot();
    expect(await resetLinks()).toBe(5);
    await letPass(11);
    expect(await times(2, forgot)).toHaveLength(2);
    expect(await resetLinks()).toBe(6);
  });

  it('can be recovered by its owner after any number of requests by strangers', async () => {
    const issue = jest.spyOn(app.app.get(OneTimeTokensRepository), 'issue');
    const resetLinks = async () => (await mailKinds(app, ada)).filter((kind) => kind === 'reset_password').length;
    const forgot = (headers: Record<string, string>) => post('/auth/password/forgot', headers, { email: ada.email });
    expect(await times(8, () => forgot(ATTACKER))).toEqual(Array(8).fill(202));
    await forgot(ELSEWHERE).expect(202);
    expect(await resetLinks()).toBe(5);
    const token = (await issue.mock.results.at(-1)?.value) as string;
    issue.mockRestore();
    const password = 'nine lanterns before noon';
    await post('/auth/password/reset', ELSEWHERE, { token, newPassword: password }).expect(204);
    expect(await times(3, () => forgot(ATTACKER))).toEqual([202, 202, 202]);
    expect(await resetLinks()).toBe(6);
    // A device of the account has a limit of its own.
    expect(await times(2, () => forgot(ELSEWHERE))).toEqual([202, 202]);
    expect(await resetLinks()).toBe(8);
  });
});
