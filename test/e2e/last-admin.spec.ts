import { buildSignedIn, buildUser, type SignedIn } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

describe('the last active admin', () => {
  let app: TestApp;
  let admin: SignedIn;
  beforeAll(async () => {
    app = await TestApp.start();
    admin = await buildSignedIn(app, 'admin');
  });
  afterAll(() => app.close());

  const path = () => `/admin/users/${admin.id}`;
  const asAdmin = () => app.as(admin.accessToken);
  const expectStillAdmin = async () =>
    expect((await asAdmin().get('/users/me')).body).toMatchObject({ role: 'admin', isActive: true });

  it.each<[string, object]>([
    ['demoted', { role: 'user' }],
    ['deactivated', { isActive: false }],
    ['demoted and renamed', { role: 'user', name: 'Ada' }],
    ['deactivated and given the same role', { role: 'admin', isActive: false }],
  ])('cannot be %s', async (_, changes) => {
    expectProblem(await asAdmin().patch(path()).send(changes), 409, 'last_admin');
    await expectStillAdmin();
  });

  it('cannot be demoted by an ID in upper case', async () => {
    const response = await asAdmin().patch(`/admin/users/${admin.id.toUpperCase()}`).send({ role: 'user' });
    expectProblem(response, 409, 'last_admin');
    await expectStillAdmin();
  });

  it('cannot be deleted by an ID in upper case', async () => {
    expectProblem(await asAdmin().delete(`/admin/users/${admin.id.toUpperCase()}`), 409, 'last_admin');
    await expectStillAdmin();
  });

  it('cannot be deleted', async () => {
    expectProblem(await asAdmin().delete(path()), 409, 'last_admin');
    await expectStillAdmin();
  });

  it('cannot delete their own account', async () => {
    const response = await asAdmin().delete('/users/me').send({ password: admin.password });
    expectProblem(response, 409, 'last_admin');
    await expectStillAdmin();
  });

  it('gets 401 if the password for deleting their account is wrong', async () => {
    const response = await asAdmin().delete('/users/me').send({ password: 'six lanterns at dusk' });
    expectProblem(response, 401, 'invalid_credentials');
  });

  it('can be renamed', async () => {
    const { status } = await asAdmin().patch(path()).send({ name: 'Ada' });
    expect(status).toBe(200);
  });

  it('can be given the current role and state', async () => {
    const { status } = await asAdmin().patch(path()).send({ role: 'admin', isActive: true });
    expect(status).toBe(200);
  });

  it('is the last one even if inactive admins exist', async () => {
    const other = await buildUser(app, { role: 'admin' });
    await asAdmin().patch(`/admin/users/${other.id}`).send({ isActive: false }).expect(200);
    expectProblem(await asAdmin().patch(path()).send({ role: 'user' }), 409, 'last_admin');
    await asAdmin().delete(`/admin/users/${other.id}`).expect(204);
  });

  it('is the last one even if invited admins exist, who can be removed', async () => {
    const email = 'invited-admin@example.com';
    const { body: invited } = await asAdmin().post('/admin/users').send({ email, role: 'admin' }).expect(201);
    expectProblem(await asAdmin().patch(path()).send({ role: 'user' }), 409, 'last_admin');
    expectProblem(await asAdmin().delete(path()), 409, 'last_admin');
    await asAdmin().delete(`/admin/users/${invited.id}`).expect(204);
  });

  it('does not prevent demoting, deactivating and deleting users', async () => {
    const user = await buildUser(app);
    const demoted = await asAdmin().patch(`/admin/users/${user.id}`).send({ role: 'user' });
    const deactivated = await asAdmin().patch(`/admin/users/${user.id}`).send({ isActive: false });
    const deleted = await asAdmin().delete(`/admin/users/${user.id}`);
    expect([demoted.status, deactivated.status, deleted.status]).toEqual([200, 200, 204]);
  });

  it('can be demoted if another admin exists', async () => {
    const other = await buildSignedIn(app, 'admin');
    await asAdmin().patch(path()).send({ role: 'user' }).expect(200);
    expectProblem(await asAdmin().get('/admin/users'), 403, 'forbidden');
    admin = other;
    await expectStillAdmin();
  });
});

describe('two admins on two instances', () => {
  let first: TestApp;
  let second: TestApp;
  let ada: SignedIn;
  let bob: SignedIn;

  beforeAll(async () => ([first, second] = await TestApp.startTwo()));
  afterAll(() => first.close());
  beforeEach(async () => {
    await first.database.query('UPDATE users SET is_active = false');
    ada = await buildSignedIn(first, 'admin');
    bob = await buildSignedIn(first, 'admin');
  });

  const patch = (app: TestApp, by: SignedIn, { id }: SignedIn, changes: object) =>
    app.as(by.accessToken).patch(`/admin/users/${id}`).send(changes);

  it.each<[string, (app: TestApp, by: SignedIn, other: SignedIn) => PromiseLike<{ status: number }>]>([
    ['demote each other', (app, by, other) => patch(app, by, other, { role: 'user' })],
    ['deactivate each other', (app, by, other) => patch(app, by, other, { isActive: false })],
    ['delete each other', (app, by, other) => app.as(by.accessToken).delete(`/admin/users/${other.id}`)],
    ['demote themselves', (app, by) => patch(app, by, by, { role: 'user' })],
    [
      'delete their own accounts',
      (app, by) => app.as(by.accessToken).delete('/users/me').send({ password: by.password }),
    ],
  ])('leave exactly one admin if they concurrently %s', async (_, act) => {
    // The lock blocks writes only. Both requests can therefore count the admins before either writes.
    const answers = await first.database.withLock('LOCK TABLE users IN SHARE MODE', async () => {
      const sent = [Promise.resolve(act(first, ada, bob)), Promise.resolve(act(second, bob, ada))];
      await until('both requests wait', async () => (await first.database.waiting()).length === 2);
      return sent;
    });
    const statuses = (await Promise.all(answers)).map(({ status }) => status);
    expect(statuses.filter((status) => status === 409)).toHaveLength(1);
    expect(statuses.filter((status) => status < 300)).toHaveLength(1);
    const admins = await first.database.query(`SELECT FROM users WHERE role = 'admin' AND is_active`);
    expect(admins).toHaveLength(1);
  });

  it('can be demoted at the same time without a deadlock', async () => {
    const root = await buildSignedIn(first, 'admin');
    // Ada's row comes before the others in ID order, so both requests wait for it before they lock the row of their target.
    const answers = await first.database.withLock(`SELECT FROM users WHERE id = '${ada.id}' FOR UPDATE`, async () => {
      const sent = [bob, root].map((admin) => patch(first, admin, admin, { role: 'user' }).then());
      await until('both requests wait', async () => (await first.database.waiting()).length === 2);
      return sent;
    });
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([200, 200]);
  });
});
