import type { FairShare } from '../../src/http/fair-share.js';
import { Database } from '../../src/platform/database/database.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { openSocket } from '../support/raw-http.js';
import { expectProblem } from '../support/expect-problem.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

/** More than the connections of the pool and the callers that may wait for one. */
const CALLERS = 200;

describe('while other work holds every connection that it may use', () => {
  let app: TestApp;
  let ada: SignedIn;
  let finish = (): void => undefined;
  let callers: Promise<unknown>[];

  beforeAll(async () => {
    app = await TestApp.start({ env: { DB_CONNECT_TIMEOUT: '1m', REQUEST_TIMEOUT: '1m', TRUST_PROXY: 'loopback' } });
    ada = await buildSignedIn(app);
    const finished = new Promise<void>((resolve) => (finish = resolve));
    const database = app.app.get(Database);
    callers = Array.from({ length: CALLERS }, () =>
      database.run((manager) => manager.query('SELECT 1').then(() => finished)),
    );
    await until('the connections are in use', () => database.pool().waiting >= 128);
  });
  afterAll(async () => {
    finish();
    await Promise.all(callers);
    await app.close();
  });

  it('serves the requests of signed-in users', async () => {
    const answers = await Promise.all(Array.from({ length: 50 }, () => app.as(ada.accessToken).get('/users/me')));
    expect(answers.map(({ status }) => status)).toEqual(Array(50).fill(200));
  });

  it.each(['/auth/login', '/auth/register'])(
    'rejects POST %s with 503 overloaded, without the database',
    async (path) => {
      const answer = await app.request.post(path).send({ email: ada.email, password: ada.password });
      expectProblem(answer, 503, 'overloaded');
      expect(answer.headers['retry-after']).toBe('5');
    },
  );

  it('serves public routes that do not use the database', async () => {
    await app.request.get('/health/live').expect(200);
    await app.request.get('/.well-known/jwks.json').expect(200);
  });

  it('lets only clients with more than 32 connections wait for their turn', async () => {
    const { fairShare } = app.app.getHttpAdapter() as unknown as { fairShare: FairShare };
    const wait = jest.spyOn(fairShare, 'wait');
    const statuses: string[] = [];
    const sockets = await Promise.all(Array.from({ length: 40 }, () => openSocket(app)));
    for (const socket of sockets) {
      socket.on('data', (chunk: Buffer) => statuses.push(...(/HTTP\/1.1 \d+/.exec(chunk.toString()) ?? [])));
      socket.write(
        'GET /.well-known/jwks.json HTTP/1.1\r\nHost: gatehouse.test\r\nX-Forwarded-For: 203.0.113.9\r\n\r\n',
      );
    }
    await until('all requests have a response', () => statuses.length === 40);
    expect(new Set(statuses)).toEqual(new Set(['HTTP/1.1 200']));
    expect(wait).toHaveBeenCalledTimes(8);
    await app.request.get('/health/live').set('X-Forwarded-For', '203.0.113.10').expect(200);
    expect(wait).toHaveBeenCalledTimes(8);
    for (const socket of sockets) socket.destroy();
  });
});
