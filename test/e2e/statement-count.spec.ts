import { Agent } from 'node:http';
import { send } from '../../bench/support/client.js';
import { RejectionRecorder } from '../../src/platform/audit/rejection.recorder.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import type { DatabaseProxy } from '../support/database-proxy.js';
import { forgeToken, hmac } from '../support/forge-token.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

describe('what a request costs the database', () => {
  let direct: TestApp;
  let proxy: DatabaseProxy;
  let app: TestApp;
  let ada: SignedIn;

  beforeAll(async () => {
    direct = await TestApp.start();
    ada = await buildSignedIn(direct);
    [app, proxy] = await TestApp.startProxied(direct, { env: { RATE_LIMIT_ENABLED: 'true' } });
    // The first connection costs more, once.
    await app.as(ada.accessToken).get('/users/me').expect(200);
  });
  afterAll(async () => {
    await app.close();
    await direct.close();
  });
  beforeEach(async () => {
    // RejectedRequests of the test before are written in the background.
    await app.app.get(RejectionRecorder).flush();
    proxy.statements = 0;
  });

  it.each([
    ['no token', ''],
    ['a token that is none', 'Bearer nonsense'],
  ])('%s: nothing', async (_, authorization) => {
    const { status } = await app.request.get('/users/me').set('Authorization', authorization);
    expect(status).toBe(401);
    expect(proxy.statements).toBe(0);
  });

  it('a token with one character changed: nothing', async () => {
    const [head, claims, signature = ''] = ada.accessToken.split('.');
    const changed = (signature.startsWith('A') ? 'B' : 'A') + signature.slice(1);
    const { status } = await app.as(`${head}.${claims}.${changed}`).get('/users/me');
    expect(status).toBe(401);
    expect(proxy.statements).toBe(0);
  });

  it('a token signed by someone else, and else like ours: nothing', async () => {
    const foreign = forgeToken(ada.accessToken, { sign: hmac('sha256', 'a secret that is none of ours at all') });
    const { status } = await app.as(foreign).get('/users/me');
    expect(status).toBe(401);
    expect(proxy.statements).toBe(0);
  });

  it('a good token on GET /users/me: one statement', async () => {
    const { status } = await app.as(ada.accessToken).get('/users/me');
    expect(status).toBe(200);
    expect(proxy.statements).toBe(1);
  });

  it('a good token that is refused: the one statement that says so, and no write', async () => {
    const bob = await buildSignedIn(direct);
    await direct.as(bob.accessToken).post('/auth/logout').expect(204);
    const { status } = await app.as(bob.accessToken).get('/users/me');
    expect(status).toBe(401);
    expect(proxy.statements).toBe(1);
  });

  it('fifty good tokens while the database is busy: a few statements for all of them', async () => {
    let arrived = 0;
    app.app.getHttpServer().on('request', () => (arrived += 1));
    proxy.freeze();
    const asked = Array.from({ length: 50 }, () => app.as(ada.accessToken).get('/users/me').then());
    await until('all have arrived', () => arrived === 50);
    await proxy.heal();
    const answers = await Promise.all(asked);
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
    expect(proxy.statements).toBeLessThanOrEqual(10);
  });

  it('fifty good tokens at once: far fewer than fifty statements', async () => {
    const agent = new Agent({ keepAlive: true });
    const ask = () => send(agent, new URL('/users/me', app.url), { token: ada.accessToken });
    const askFiftyTimes = () => Promise.all(Array.from({ length: 50 }, ask));
    // The first fifty open the connections, one after the other; the next fifty arrive together.
    await askFiftyTimes();
    proxy.statements = 0;
    const answers = await askFiftyTimes();
    agent.destroy();
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
    expect(proxy.statements).toBeLessThanOrEqual(10);
  });

  it('the document: nothing', async () => {
    const { status } = await app.request.get('/openapi.json');
    expect(status).toBe(200);
    expect(proxy.statements).toBe(0);
  });
});
