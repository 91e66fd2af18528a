import { buildUser, signIn } from '../support/builders.js';
import { RedisServer } from '../support/redis-server.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const ENV = {
  RATE_LIMIT_ENABLED: 'true',
  RATE_LIMIT_LOGIN_ADDRESS: '1000/15m',
  RATE_LIMIT_LOGIN_ACCOUNT: '10/15m',
  RATE_LIMIT_REFRESH_ADDRESS: '3/1m',
};

if (!RedisServer.isInstalled) console.warn('Redis is not installed. Its tests are skipped.');
const suite = RedisServer.isInstalled ? describe : describe.skip;

suite('rate limits in Redis', () => {
  let redis: RedisServer;
  let instances: [TestApp, TestApp];
  beforeAll(async () => {
    redis = await RedisServer.start();
    instances = await TestApp.startTwo({ env: { ...ENV, REDIS_URL: redis.url }, hasStoreTimeout: true });
  });
  afterAll(async () => {
    await instances[0].close();
    await redis.kill();
  });

  const refresh = () => instances[0].request.post('/auth/refresh').send({ refreshToken: 'nonsense' });
  const keys = () => redis.ask((client) => client.keys('*'));

  it('allow exactly the limit of 200 parallel failed sign-ins on two instances', async () => {
    const { email } = await buildUser(instances[0]);
    const statuses = await Promise.all(
      Array.from({ length: 200 }, async (_, i) => {
        const body = { email, password: 'wrong lanterns at dawn' };
        return (await instances[i % 2]?.request.post('/auth/login').send(body))?.status;
      }),
    );
    expect([401, 429].map((status) => statuses.filter((it) => it === status).length)).toEqual([10, 190]);
    expect(await instances[0].database.query('SELECT 1 FROM rate_limits')).toEqual([]);
  });

  it('refund a successful sign-in', async () => {
    const ada = await buildUser(instances[0]);
    for (let i = 0; i < 12; i += 1) expect((await signIn(instances[0], ada)).sessionId).toEqual(expect.any(String));
  });

  it('report the wait and end with their window', async () => {
    const answers = [await refresh(), await refresh(), await refresh(), await refresh()];
    expect(answers.map(({ status }) => status)).toEqual([401, 401, 401, 429]);
    const wait = Number(answers.at(-1)?.headers['retry-after']);
    const [key = ''] = (await keys()).filter((name) => name.includes('refresh'));
    const left = await redis.ask((client) => client.pttl(key));
    // The reported wait is rounded up and was read earlier.
    expect([wait >= left / 1_000, wait <= 60, left > 0]).toEqual([true, true, true]);
    // End the window early.
    await redis.ask((client) => client.pexpire(key, 1));
    await until('the window has ended', async () => (await keys()).every((name) => name !== key));
    // The process remembers the exhausted limit for five seconds.
    const now = performance.now.bind(performance);
    const clock = jest.spyOn(performance, 'now').mockImplementation(() => now() + 5_000);
    expect((await refresh()).status).toBe(401);
    clock.mockRestore();
  });

  it('are counted by each process while Redis is unavailable', async () => {
    await redis.kill();
    const statuses = [];
    for (let i = 0; i < 4; i += 1) statuses.push((await refresh()).status);
    expect(statuses).toEqual([401, 401, 401, 429]);
    await redis.restart();
    await until('Redis counts again', async () => (await refresh()).status > 0 && (await keys()).length > 0);
  });

  it('use Redis as soon as it becomes available', async () => {
    await redis.kill();
    const early = await TestApp.start({
      database: instances[0].database,
      env: { ...ENV, REDIS_URL: redis.url },
      hasStoreTimeout: true,
    });
    try {
      const refreshEarly = async () =>
        (await early.request.post('/auth/refresh').send({ refreshToken: 'nonsense' })).status;
      expect(await refreshEarly()).toBe(401);
      await redis.restart();
      await until('Redis counts', async () => (await refreshEarly()) > 0 && (await keys()).length > 0);
    } finally {
      await early.close();
    }
  });
});
