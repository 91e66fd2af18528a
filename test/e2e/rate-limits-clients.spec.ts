import { buildUser, type BuiltUser } from '../support/builders.js';
import { LogLines } from '../support/log-lines.js';
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
});
