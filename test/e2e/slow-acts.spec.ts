import { beforeHashing } from '../support/before-hashing.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

let app: TestApp;
let oldest: SignedIn;
let root: SignedIn;
beforeAll(async () => {
  app = await TestApp.start();
  // Rows are locked in the order of their IDs, so a change that waits for this row has locked no other one.
  oldest = await buildSignedIn(app);
  root = await buildSignedIn(app, 'admin');
});
afterAll(() => app.close());

describe('a revocation during password hashing', () => {
  afterEach(() => jest.restoreAllMocks());

  it.each([
    ['signed out', { path: '/admin/sessions/revoke', body: {} }, 401, 'session_revoked'],
    ['demoted', { path: '', body: { role: 'user' } }, 403, 'forbidden'],
    ['deactivated', { path: '', body: { isActive: false } }, 401, 'user_inactive'],
  ])('stops an admin who is %s from creating a user', async (_, { path, body }, status, code) => {
    const admin = await buildSignedIn(app, 'admin');
    const email = `late-${admin.id}@example.com`;
    beforeHashing(app, 'hash', () =>
      path
        ? app.as(root.accessToken).post(path).send({ userId: admin.id }).expect(200)
        : app.as(root.accessToken).patch(`/admin/users/${admin.id}`).send(body).expect(200),
    );
    const answer = await app
      .as(admin.accessToken)
      .post('/admin/users')
      .send({ email, password: 'seven lanterns at dusk', role: 'admin' });
    expectProblem(answer, status, code);
    expect(await app.database.query('SELECT FROM users WHERE email = $1', [email])).toHaveLength(0);
  });

  it('stops a signed-out user from deleting the account', async () => {
    const ada = await buildSignedIn(app);
    beforeHashing(app, 'verify', () => app.as(ada.accessToken).delete('/sessions?scope=all').expect(200));
    const answer = await app.as(ada.accessToken).delete('/users/me').send({ password: ada.password });
    expectProblem(answer, 401, 'session_revoked');
    expect(await app.database.query('SELECT FROM users WHERE id = $1', [ada.id])).toHaveLength(1);
  });
});

describe('a revocation while a change of a user waits for its row', () => {
  it.each([
    [
      'signed out',
      ({ sessionId }: SignedIn) => app.as(root.accessToken).delete(`/admin/sessions/${sessionId}`),
      401,
      'session_revoked',
    ],
    [
      'demoted',
      ({ id }: SignedIn) => app.as(root.accessToken).patch(`/admin/users/${id}`).send({ role: 'user' }),
      403,
      'forbidden',
    ],
    [
      'deactivated',
      ({ id }: SignedIn) => app.as(root.accessToken).patch(`/admin/users/${id}`).send({ isActive: false }),
      401,
      'user_inactive',
    ],
  ] as const)('stops an admin who is %s from changing a role', async (_, revoke, status, code) => {
    const { id } = oldest;
    const admin = await buildSignedIn(app, 'admin');
    const [change] = await app.database.withLock(`SELECT FROM users WHERE id = '${id}' FOR UPDATE`, async () => {
      const sent = app.as(admin.accessToken).patch(`/admin/users/${id}`).send({ role: 'admin' }).then();
      await until('the change waits', async () => (await app.database.waiting()).length === 1);
      expect([200, 204]).toContain((await revoke(admin)).status);
      return [sent];
    });
    expectProblem(await change, status, code);
    expect(await app.database.query('SELECT role FROM users WHERE id = $1', [id])).toEqual([{ role: 'user' }]);
  });

  it('stops a signed-out user from changing the name', async () => {
    const ada = await buildSignedIn(app);
    const [change] = await app.database.withLock(`SELECT FROM users WHERE id = '${ada.id}' FOR UPDATE`, async () => {
      const sent = app.as(ada.accessToken).patch('/users/me').send({ name: 'Late' }).then();
      await until('the change waits', async () => (await app.database.waiting()).length === 1);
      await app.as(root.accessToken).delete(`/admin/sessions/${ada.sessionId}`).expect(204);
      return [sent];
    });
    expectProblem(await change, 401, 'session_revoked');
  });
});

describe('an admin action that has started to write', () => {
  const changes: readonly [what: string, change: (admin: SignedIn) => PromiseLike<{ status: number }>][] = [
    [
      'the revocation of their session',
      ({ sessionId }) => app.as(root.accessToken).delete(`/admin/sessions/${sessionId}`),
    ],
    ['a change of their role', ({ id }) => app.as(root.accessToken).patch(`/admin/users/${id}`).send({ role: 'user' })],
  ];

  it.each(changes)('makes %s wait until it commits', async (_, change) => {
    const { database } = app;
    const admin = await buildSignedIn(app, 'admin');
    const user = { email: `by-${admin.id}@example.com`, password: 'seven lanterns at dusk' };
    // The last statement of the action queues a mail. The changes write none.
    const [created, changed] = await database.withLock('LOCK TABLE mails IN SHARE MODE', async () => {
      const creation = app.as(admin.accessToken).post('/admin/users').send(user).then();
      await until('the action waits', async () => (await database.waitingFor('mails')).length === 1);
      let isAnswered = false;
      const answer = change(admin).then(({ status }) => {
        isAnswered = true;
        return status;
      });
      await until('the change waits', async () => isAnswered || (await database.waiting()).length === 2);
      expect(isAnswered).toBe(false);
      return [creation, answer];
    });
    expect((await created).status).toBe(201);
    expect([200, 204]).toContain(await changed);
  });
});
