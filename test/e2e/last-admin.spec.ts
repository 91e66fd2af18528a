import { buildSignedIn, buildUser, type SignedIn } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { TestApp } from '../support/test-app.js';

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
    ['deactivated while the role is said again', { role: 'admin', isActive: false }],
  ])('cannot be %s', async (_, changes) => {
    expectProblem(await asAdmin().patch(path()).send(changes), 409, 'last_admin');
    await expectStillAdmin();
  });

  it('cannot be demoted under an id in upper case', async () => {
    const response = await asAdmin().patch(`/admin/users/${admin.id.toUpperCase()}`).send({ role: 'user' });
    expectProblem(response, 409, 'last_admin');
    await expectStillAdmin();
  });

  it('cannot be deleted under an id in upper case', async () => {
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

  it('is told that the password is wrong before anything else', async () => {
    const response = await asAdmin().delete('/users/me').send({ password: 'six lanterns at dusk' });
    expectProblem(response, 401, 'invalid_credentials');
  });

  it('may be renamed', async () => {
    const { status } = await asAdmin().patch(path()).send({ name: 'Ada' });
    expect(status).toBe(200);
  });

  it('may be told the role and the state that they have', async () => {
    const { status } = await asAdmin().patch(path()).send({ role: 'admin', isActive: true });
    expect(status).toBe(200);
  });

  it('is the last one although inactive admins exist', async () => {
    const other = await buildUser(app, { role: 'admin' });
    await asAdmin().patch(`/admin/users/${other.id}`).send({ isActive: false }).expect(200);
    expectProblem(await asAdmin().patch(path()).send({ role: 'user' }), 409, 'last_admin');
    await asAdmin().delete(`/admin/users/${other.id}`).expect(204);
  });

  it('does not stand in the way of demoting, deactivating and deleting ordinary users', async () => {
    const user = await buildUser(app);
    const demoted = await asAdmin().patch(`/admin/users/${user.id}`).send({ role: 'user' });
    const deactivated = await asAdmin().patch(`/admin/users/${user.id}`).send({ isActive: false });
    const deleted = await asAdmin().delete(`/admin/users/${user.id}`);
    expect([demoted.status, deactivated.status, deleted.status]).toEqual([200, 200, 204]);
  });

  it('may go once another admin is there', async () => {
    const heir = await buildSignedIn(app, 'admin');
    await asAdmin().patch(path()).send({ role: 'user' }).expect(200);
    expectProblem(await asAdmin().get('/admin/users'), 403, 'forbidden');
    admin = heir;
    await expectStillAdmin();
  });
});

describe('admins who take the role from each other at once, on two instances', () => {
  let first: TestApp;
  let second: TestApp;
  let admins: SignedIn[];

  beforeAll(async () => {
    [first, second] = await TestApp.startTwo();
    admins = await Promise.all(Array.from({ length: 5 }, () => buildSignedIn(first, 'admin')));
  });
  afterAll(() => first.close());

  const activeAdmins = () =>
    first.database.query<{ id: string }>(`SELECT id FROM users WHERE role = 'admin' AND is_active`);

  /** Every admin goes for the next one and for the one after, on different instances. */
  const attack = (strike: (app: TestApp, by: SignedIn, target: SignedIn) => Promise<{ status: number }>) =>
    Promise.all(
      admins.flatMap((by, i) =>
        [1, 2].map(async (distance) => {
          const target = admins[(i + distance) % admins.length] ?? by;
          return (await strike(distance === 1 ? first : second, by, target)).status;
        }),
      ),
    );

  it('leave at least one, whether they demote or deactivate, in twenty rounds', async () => {
    const seen = new Set<number>();
    for (let round = 0; round < 20; round++) {
      const changes = round % 2 === 0 ? { role: 'user' } : { isActive: false };
      const statuses = await attack((app, by, target) =>
        app.as(by.accessToken).patch(`/admin/users/${target.id}`).send(changes),
      );
      for (const status of statuses) seen.add(status);
      expect((await activeAdmins()).length).toBeGreaterThanOrEqual(1);
      await first.database.query(`UPDATE users SET role = 'admin', is_active = true`);
      await first.database.query('UPDATE sessions SET revoked_at = NULL, revoked_reason = NULL, revoked_by = NULL');
    }
    const foreseen = [200, 401, 403, 409];
    expect([...seen].filter((status) => !foreseen.includes(status))).toEqual([]);
    expect(seen).toContain(200);
  });

  it('leave at least one when all give up the role themselves', async () => {
    for (let round = 0; round < 10; round++) {
      const statuses = await Promise.all(
        admins.map(async (admin, i) => {
          const app = i % 2 === 0 ? first : second;
          return (await app.as(admin.accessToken).patch(`/admin/users/${admin.id}`).send({ role: 'user' })).status;
        }),
      );
      expect(statuses.sort()).toEqual([200, 200, 200, 200, 409]);
      expect(await activeAdmins()).toHaveLength(1);
      await first.database.query(`UPDATE users SET role = 'admin'`);
    }
  });

  it('leave at least one when all delete their own accounts', async () => {
    const statuses = await Promise.all(
      admins.map(async (admin, i) => {
        const app = i % 2 === 0 ? first : second;
        return (await app.as(admin.accessToken).delete('/users/me').send({ password: admin.password })).status;
      }),
    );
    expect(statuses.sort()).toEqual([204, 204, 204, 204, 409]);
    expect(await activeAdmins()).toHaveLength(1);
  });
});

describe('users who are promoted, demoted and deactivated at once', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start()));
  afterAll(() => app.close());

  it('never make two changes wait for each other in a circle', async () => {
    // Older than the admin, so that one who was just promoted comes first among the admins.
    const users = await Promise.all(Array.from({ length: 5 }, () => buildUser(app)));
    const { accessToken } = await buildSignedIn(app, 'admin');
    const changes = [{ role: 'admin' }, { role: 'user' }, { isActive: false }, { isActive: true }];
    let seed = 1;
    const next = (bound: number) => (seed = (seed * 48_271) % 2_147_483_647) % bound;
    for (let round = 0; round < 12; round++) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) =>
          app
            .as(accessToken)
            .patch(`/admin/users/${users[i % users.length]?.id}`)
            .send(changes[next(changes.length)]),
        ),
      );
      expect(answers.map((answer) => answer.status)).toEqual(Array<number>(answers.length).fill(200));
    }
  });
});
