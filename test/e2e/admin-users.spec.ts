import { buildSignedIn, buildUser, signIn, type SignedIn } from '../support/builders.js';
import { UNKNOWN_ID, RFC_3339, UUID_V7 } from '../support/constants.js';
import { expectProblem } from '../support/expect-problem.js';
import { TestApp } from '../support/test-app.js';

describe('/admin/users', () => {
  let app: TestApp;
  let admin: SignedIn;
  beforeAll(async () => {
    app = await TestApp.start();
    admin = await buildSignedIn(app, 'admin');
  });
  afterAll(() => app.close());

  const asAdmin = () => app.as(admin.accessToken);

  describe('POST', () => {
    it('creates a user who can sign in and returns exactly the documented fields', async () => {
      const email = '  Grace@Example.COM ';
      const password = 'nine ferries in fog';
      const { body } = await asAdmin().post('/admin/users').send({ email, password, name: 'Grace' }).expect(201);
      expect(body).toEqual({
        id: expect.stringMatching(UUID_V7),
        email: 'grace@example.com',
        name: 'Grace',
        role: 'user',
        isActive: true,
        hasSecondFactor: false,
        isInvited: false,
        emailVerifiedAt: null,
        createdAt: expect.stringMatching(RFC_3339),
        updatedAt: expect.stringMatching(RFC_3339),
      });
      await app.request.post('/auth/login').send({ email: 'grace@example.com', password }).expect(200);
    });

    it('returns the URL of the new user as Location', async () => {
      const user = { email: 'located@example.com', password: 'nine ferries in fog' };
      const { body, headers } = await asAdmin().post('/admin/users?').send(user);
      expect([headers['location'], body.code]).toEqual([`/admin/users/${body.id}`, undefined]);
      expect((await asAdmin().get(String(headers['location'])).expect(200)).body).toEqual(body);
    });

    it('creates an admin who can use admin routes', async () => {
      const user = { email: 'second-admin@example.com', password: 'nine ferries in fog' };
      await asAdmin()
        .post('/admin/users')
        .send({ ...user, role: 'admin' })
        .expect(201);
      const { accessToken } = await signIn(app, { id: '', ...user });
      expect((await app.as(accessToken).get('/admin/users')).status).toBe(200);
    });

    it('rejects the email of another account in any case', async () => {
      const { email, password } = await buildUser(app);
      const response = await asAdmin().post('/admin/users').send({ email: email.toUpperCase(), password });
      expectProblem(response, 409, 'email_taken');
    });

    it.each([
      ['with 7 characters', '7 chars'],
      ['that is common', 'Passw0rd'],
      ['that is the name of the user', 'GraceHopper1'],
    ])('rejects a password %s and says why', async (_, password) => {
      const user = { email: 'rejected@example.com', name: 'Grace Hopper', password };
      const response = await asAdmin().post('/admin/users').send(user);
      expectProblem(response, 422, 'password_too_weak');
      expect(response.body.errors).toEqual([
        { pointer: '/password', code: expect.any(String), params: expect.any(Object), message: expect.any(String) },
      ]);
      expect(await app.database.query(`SELECT id FROM users WHERE email = 'rejected@example.com'`)).toEqual([]);
    });

    it.each<[string, object, string]>([
      ['a missing email', { email: undefined }, '/email'],
      ['an invalid email', { email: 'ada' }, '/email'],
      ['a list of emails', { email: ['ada@example.com'] }, '/email'],
      ['null as the password', { password: null }, '/password'],
      ['an empty password', { password: '' }, '/password'],
      ['a password of 1,025 characters', { password: 'a'.repeat(1_025) }, '/password'],
      ['a number as the name', { name: 7 }, '/name'],
      ['an unknown role', { role: 'owner' }, '/role'],
      ['two roles', { role: ['user', 'admin'] }, '/role'],
      ['null as the role', { role: null }, '/role'],
      ['an ID', { id: UNKNOWN_ID }, '/id'],
      ['a password hash', { passwordHash: 'x' }, '/passwordHash'],
      ['an active state', { isActive: false }, '/isActive'],
      ['a verification time', { emailVerifiedAt: '2026-01-15T09:30:00.000Z' }, '/emailVerifiedAt'],
    ])('rejects %s', async (_, part, pointer) => {
      const user = { email: 'rejected@example.com', password: 'nine ferries in fog', ...part };
      const response = await asAdmin().post('/admin/users').send(user);
      expectProblem(response, 400, 'validation_failed');
      expect(response.body.errors).toEqual([
        { pointer, code: expect.any(String), params: expect.any(Object), message: expect.any(String) },
      ]);
      expect(await app.database.query(`SELECT id FROM users WHERE email = 'rejected@example.com'`)).toEqual([]);
    });
  });

  describe('GET /:id', () => {
    it('returns the user of GET /users/me and whether they are invited', async () => {
      const ada = await buildSignedIn(app);
      const { body } = await asAdmin().get(`/admin/users/${ada.id}`).expect(200);
      const { body: self } = await app.as(ada.accessToken).get('/users/me');
      expect(body).toEqual({ ...self, isInvited: false });
    });

    it('accepts an ID in upper case', async () => {
      const ada = await buildUser(app);
      const { body } = await asAdmin().get(`/admin/users/${ada.id.toUpperCase()}`).expect(200);
      expect(body.id).toBe(ada.id);
    });
  });

  describe('PATCH /:id', () => {
    it('changes only the given fields', async () => {
      const ada = await buildUser(app, { name: 'Ada' });
      const { body: before } = await asAdmin().get(`/admin/users/${ada.id}`);
      const { body } = await asAdmin().patch(`/admin/users/${ada.id}`).send({ role: 'admin' }).expect(200);
      expect(body).toEqual({ ...before, role: 'admin', updatedAt: expect.stringMatching(RFC_3339) });
    });

    it('deletes the name if it is null', async () => {
      const ada = await buildUser(app, { name: 'Ada' });
      const { body } = await asAdmin().patch(`/admin/users/${ada.id}`).send({ name: null }).expect(200);
      expect(body.name).toBeNull();
    });

    it('changes nothing for an empty body', async () => {
      const ada = await buildUser(app, { name: 'Ada' });
      const { body: before } = await asAdmin().get(`/admin/users/${ada.id}`);
      const { body } = await asAdmin().patch(`/admin/users/${ada.id}`).send({}).expect(200);
      expect(body).toEqual(before);
    });

    it('changes several fields together', async () => {
      const ada = await buildUser(app);
      const changes = { name: 'Ada', role: 'admin', isActive: false };
      const { body } = await asAdmin().patch(`/admin/users/${ada.id}`).send(changes).expect(200);
      expect(body).toMatchObject(changes);
    });

    it.each<[string, object]>([
      ['an unknown role', { role: 'root' }],
      ['null as the role', { role: null }],
      ['a list as the role', { role: ['admin'] }],
      ['a string as the active state', { isActive: 'false' }],
      ['a number as the active state', { isActive: 0 }],
      ['null as the active state', { isActive: null }],
      ['an empty name', { name: '' }],
      ['an invalid email', { email: 'other' }],
      ['null as the email', { email: null }],
      ['a password', { password: 'nine ferries in fog' }],
      ['a password hash', { passwordHash: 'x' }],
      ['an ID', { id: UNKNOWN_ID }],
      ['a verification time', { emailVerifiedAt: '2026-01-15T09:30:00.000Z' }],
    ])('rejects %s and changes nothing', async (_, part) => {
      const ada = await buildUser(app);
      const { body: before } = await asAdmin().get(`/admin/users/${ada.id}`);
      const response = await asAdmin()
        .patch(`/admin/users/${ada.id}`)
        .send({ name: 'Ada', ...part });
      expectProblem(response, 400, 'validation_failed');
      expect((await asAdmin().get(`/admin/users/${ada.id}`)).body).toEqual(before);
    });
  });

  describe('DELETE /:id', () => {
    it('deletes the user and their sessions', async () => {
      const ada = await buildSignedIn(app);
      await asAdmin().delete(`/admin/users/${ada.id}`).expect(204, '');
      expectProblem(await asAdmin().get(`/admin/users/${ada.id}`), 404, 'user_not_found');
      expect(await app.database.query('SELECT id FROM sessions WHERE user_id = $1', [ada.id])).toEqual([]);
    });

    it('returns 404 for a deleted user', async () => {
      const ada = await buildUser(app);
      await asAdmin().delete(`/admin/users/${ada.id}`).expect(204);
      expectProblem(await asAdmin().delete(`/admin/users/${ada.id}`), 404, 'user_not_found');
    });

    it('keeps the sessions of other users', async () => {
      const [ada, grace] = [await buildUser(app), await buildSignedIn(app)];
      await asAdmin().delete(`/admin/users/${ada.id}`).expect(204);
      expect((await app.as(grace.accessToken).get('/users/me')).status).toBe(200);
    });

    it('returns 204 once and 404 otherwise to concurrent requests', async () => {
      const ada = await buildSignedIn(app);
      const answers = await Promise.all(Array.from({ length: 20 }, () => asAdmin().delete(`/admin/users/${ada.id}`)));
      const statuses = answers.map((answer) => answer.status).sort();
      expect(statuses).toEqual([204, ...Array<number>(19).fill(404)]);
    });
  });

  describe.each(['get', 'patch', 'delete'] as const)('%s /:id', (method) => {
    it('returns 404 for an unknown ID', async () => {
      expectProblem(await asAdmin()[method](`/admin/users/${UNKNOWN_ID}`), 404, 'user_not_found');
    });

    it.each([
      'me',
      '1',
      `${UNKNOWN_ID}0`,
      UNKNOWN_ID.replaceAll('-', ''),
      `{${UNKNOWN_ID}}`,
      "'; DROP TABLE users; --",
      '%00',
    ])('rejects %j as the ID', async (id) => {
      const path = `/admin/users/${id === '%00' ? id : encodeURIComponent(id)}`;
      expectProblem(await asAdmin()[method](path), 400, 'validation_failed');
    });
  });
});
