import { availableParallelism } from 'node:os';
import { OverloadedError } from '../../src/common/domain.error.js';
import { Database } from '../../src/platform/database/database.js';
import { PasswordHasher } from '../../src/platform/passwords/password-hasher.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { TestApp } from '../support/test-app.js';

/** More than the queue accepts. It accepts 64 passwords per thread. */
const TOO_MANY = 100 * availableParallelism();

describe('when the hashing queue is full', () => {
  let app: TestApp;
  let ada: SignedIn;
  let occupants: Promise<void>[];

  beforeAll(async () => {
    app = await TestApp.start({ ownThreads: true, env: { BCRYPT_COST: '12' } });
    ada = await buildSignedIn(app);
    await app.stopBackgroundWrites();
    occupants = Array.from({ length: TOO_MANY }, occupy);
  });
  afterAll(async () => {
    await app.close();
    await Promise.all(occupants);
  });

  /** Keeps one place in the queue occupied. Returns if the queue is full. */
  async function occupy(): Promise<void> {
    try {
      for (;;) await app.app.get(PasswordHasher).hash('x');
    } catch (error) {
      if (!(error instanceof OverloadedError)) throw error;
    }
  }

  it.each([
    ['a sign-in', () => app.request.post('/auth/login').send({ email: ada.email, password: ada.password })],
    [
      'a sign-in with an unknown email address',
      () => app.request.post('/auth/login').send({ email: 'a@b.co', password: 'x' }),
    ],
    ['an account deletion', () => app.as(ada.accessToken).delete('/users/me').send({ password: ada.password })],
    [
      'a registration',
      () => app.request.post('/auth/register').send({ email: 'new@example.com', password: 'seven lanterns at dusk' }),
    ],
  ])('%s gets 503 overloaded with Retry-After', async (_, ask) => {
    const run = jest.spyOn(app.app.get(Database), 'run');
    const answer = await ask();
    // The guard of the deletion uses a reserved connection.
    expect(run).not.toHaveBeenCalled();
    expectProblem(answer, 503, 'overloaded');
    expect(answer.headers['retry-after']).toBe('5');
  });

  it('the token endpoint returns 503 temporarily_unavailable with Retry-After', async () => {
    const form = { grant_type: 'password', username: ada.email, password: ada.password };
    const { body, headers } = await app.request.post('/auth/token').type('form').send(form).expect(503);
    expect(body.error).toBe('temporarily_unavailable');
    expect(headers['retry-after']).toBe('5');
  });

  it('requests of signed-in users succeed', async () => {
    const { body } = await app.as(ada.accessToken).get('/users/me').expect(200);
    expect(body.id).toBe(ada.id);
  });
});
