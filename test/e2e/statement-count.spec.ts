import { Agent } from 'node:http';
import { send } from '../../bench/support/client.js';
import { RejectionRecorder } from '../../src/platform/audit/rejection.recorder.js';
import { buildSignedIn, buildUser, type SignedIn } from '../support/builders.js';
import type { DatabaseProxy } from '../support/database-proxy.js';
import { forgeToken, hmac } from '../support/forge-token.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

describe('the number of database statements', () => {
  let direct: TestApp;
  let proxy: DatabaseProxy;
  let app: TestApp;
  let ada: SignedIn;

  beforeAll(async () => {
    direct = await TestApp.start();
    ada = await buildSignedIn(direct);
    [app, proxy] = await TestApp.startProxied(direct, {
      env: {
        RATE_LIMIT_ENABLED: 'true',
        RATE_LIMIT_LOGIN_ADDRESS: '1/15m',
        RATE_LIMIT_REGISTER_ACCOUNT: '1/1h',
        RATE_LIMIT_FORGOT_ACCOUNT: '1/1h',
      },
    });
    // Opens the first connection, which needs more statements.
    await app.as(ada.accessToken).get('/users/me').expect(200);
  });
  afterAll(async () => {
    await app.close();
    await direct.close();
  });
  beforeEach(async () => {
    // Rejections of the previous test are recorded in the background.
    await app.app.get(RejectionRecorder).flush();
    proxy.statements = 0;
  });

  it.each([
    ['a missing token', ''],
    ['a malformed token', 'Bearer nonsense'],
  ])('is zero for %s', async (_, authorization) => {
    const { status } = await app.request.get('/users/me').set('Authorization', authorization);
    expect(status).toBe(401);
    expect(proxy.statements).toBe(0);
  });

  it('is zero for a token with one changed character', async () => {
    const [head, claims, signature = ''] = ada.accessToken.split('.');
    const changed = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1);
    const { status } = await app.as(`${head}.${claims}.${changed}`).get('/users/me');
    expect(status).toBe(401);
    expect(proxy.statements).toBe(0);
  });

  it('is zero for a token signed with another secret', async () => {
    const foreign = forgeToken(ada.accessToken, { sign: hmac('sha256', 'a secret that is none of ours at all') });
    const { status } = await app.as(foreign).get('/users/me');
    expect(status).toBe(401);
    expect(proxy.statements).toBe(0);
  });

  it('is one for GET /users/me with a valid token', async () => {
    const { status } = await app.as(ada.accessToken).get('/users/me');
    expect(status).toBe(200);
    expect(proxy.statements).toBe(1);
  });

  it('is one for a token of a revoked session', async () => {
    const bob = await buildSignedIn(direct);
    await direct.as(bob.accessToken).post('/auth/logout').expect(204);
    const { status } = await app.as(bob.accessToken).get('/users/me');
    expect(status).toBe(401);
    expect(proxy.statements).toBe(1);
  });

  it('is at most ten for 50 requests while the database is busy', async () => {
    let arrived = 0;
    app.app.getHttpServer().on('request', () => (arrived += 1));
    proxy.freeze();
    const asked = Array.from({ length: 50 }, () => app.as(ada.accessToken).get('/users/me').then());
    await until('all requests have arrived', () => arrived === 50);
    await proxy.heal();
    const answers = await Promise.all(asked);
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
    expect(proxy.statements).toBeLessThanOrEqual(10);
  });

  it('is at most ten for 50 parallel requests', async () => {
    const agent = new Agent({ keepAlive: true });
    const ask = () => send(agent, new URL('/users/me', app.url), { token: ada.accessToken });
    const askFiftyTimes = () => Promise.all(Array.from({ length: 50 }, ask));
    // The first 50 requests open the connections. The next 50 arrive together.
    await askFiftyTimes();
    proxy.statements = 0;
    const answers = await askFiftyTimes();
    agent.destroy();
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
    expect(proxy.statements).toBeLessThanOrEqual(10);
  });

  it.each([
    ['a client', '/auth/login', [401, 429, 429]],
    ['an account', '/auth/register', [201, 429, 429]],
  ])('is zero for %s whose limit is known to be exhausted', async (_, path, expected) => {
    // The process remembers the limit for a few seconds.
    jest.spyOn(performance, 'now').mockReturnValue(performance.now());
    const answers = [];
    // Mails and rejections of earlier requests are written in the background, on a slow machine even during the third.
    for (let i = 0; i < 3 || (proxy.statements > 0 && i < 20); i += 1) {
      await app.app.get(RejectionRecorder).flush();
      proxy.statements = 0;
      answers.push(await app.request.post(path).send({ email: 'eve@example.com', password: 'seven lanterns at dusk' }));
    }
    jest.restoreAllMocks();
    expect(answers.slice(0, 3).map(({ status }) => status)).toEqual(expected);
    expect(Number(answers[2]?.headers['retry-after'])).toBeGreaterThan(800);
    expect(proxy.statements).toBe(0);
  });

  it('is equal for frequent reset requests, whether or not the account exists', async () => {
    const counts = [];
    // Not an account that knows this device.
    const { email: known } = await buildUser(direct);
    for (const email of [known, 'nobody@example.com']) {
      for (let i = 0; i < 3; i += 1) {
        proxy.statements = 0;
        await app.request.post('/auth/password/forgot').send({ email }).expect(202);
      }
      counts.push(proxy.statements);
    }
    expect(counts[0]).toBeGreaterThan(3);
    expect(counts[1]).toBe(counts[0]);
  });

  it('is zero for the OpenAPI document', async () => {
    const { status } = await app.request.get('/openapi.json');
    expect(status).toBe(200);
    expect(proxy.statements).toBe(0);
  });
});
