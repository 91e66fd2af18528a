import { Database } from '../../src/platform/database/database.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
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
    app = await TestApp.start({ env: { DB_CONNECT_TIMEOUT: '1m' } });
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
});
