import { DataSource } from 'typeorm';
import { Database } from '../../src/platform/database/database.js';
import { SessionAccessRepository } from '../../src/sessions/session-access.repository.js';
import { User } from '../../src/users/user.entity.js';
import { buildSignedIn, buildUser, signIn, type SignedIn } from '../support/builders.js';
import { UNKNOWN_ID, RFC_3339, UUID_V7 } from '../support/constants.js';
import { expectProblem } from '../support/expect-problem.js';
import { issueToken } from '../support/one-time-tokens.js';
import { addPasskey } from '../support/passkeys.js';
import { TestApp } from '../support/test-app.js';

describe('/users/me', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start()));
  afterAll(() => app.close());

  const passwordHashOf = async (id: string) =>
    (await app.database.query<{ password_hash: string }>('SELECT password_hash FROM users WHERE id = $1', [id]))[0];

  describe('GET', () => {
    it('returns the signed-in user with exactly the documented fields', async () => {
      const ada = await signIn(app, await buildUser(app, { name: 'Ada Lovelace' }));
      const response = await app.as(ada.accessToken).get('/users/me').expect(200);
      expect(response.body).toEqual({
        id: ada.id,
        email: ada.email,
        name: 'Ada Lovelace',
        role: 'user',
        isActive: true,
        hasSecondFactor: false,
        emailVerifiedAt: null,
        createdAt: expect.stringMatching(RFC_3339),
        updatedAt: expect.stringMatching(RFC_3339),
      });
      expect(response.body.id).toMatch(UUID_V7);
      expect(response.headers['cache-control']).toBe('no-store');
    });

    it('returns a missing name as null', async () => {
      const ada = await buildSignedIn(app);
      const { body } = await app.as(ada.accessToken).get('/users/me').expect(200);
      expect(body.name).toBeNull();
    });

    it('reads every column of the user that TypeORM loads by default', async () => {
      const ada = await buildSignedIn(app);
      const [session] = await app.app
        .get(Database)
        .run((manager) =>
          app.app.get(SessionAccessRepository).findForGuard(manager, [{ userId: ada.id, sessionId: ada.sessionId }]),
        );
      expect(session?.user).toEqual(await app.app.get(DataSource).manager.findOneByOrFail(User, { id: ada.id }));
    });

    it('returns 401 without a token', async () => {
      const response = await app.request.get('/users/me');
      expectProblem(response, 401, 'token_missing');
      expect(response.headers['www-authenticate']).toBe('Bearer');
    });
  });

  describe('PATCH', () => {
    it('trims and stores the name and updates updatedAt', async () => {
      const ada = await buildSignedIn(app);
      const { body: before } = await app.as(ada.accessToken).get('/users/me');
      const { body } = await app.as(ada.accessToken).patch('/users/me').send({ name: '  Ada 👩‍💻 ' }).expect(200);
      expect(body).toEqual({ ...before, name: 'Ada 👩‍💻', updatedAt: expect.stringMatching(RFC_3339) });
      expect(Date.parse(body.updatedAt)).toBeGreaterThanOrEqual(Date.parse(before.updatedAt));
      expect((await app.as(ada.accessToken).get('/users/me')).body).toEqual(body);
    });

    it('clears the name if it is null', async () => {
      const ada = await signIn(app, await buildUser(app, { name: 'Ada' }));
      const { body } = await app.as(ada.accessToken).patch('/users/me').send({ name: null }).expect(200);
      expect(body.name).toBeNull();
    });

    it('keeps the name if it is absent', async () => {
      const ada = await signIn(app, await buildUser(app, { name: 'Ada' }));
      const { body } = await app.as(ada.accessToken).patch('/users/me').send({}).expect(200);
      expect(body.name).toBe('Ada');
    });

    it('accepts a name of 100 characters outside the basic plane', async () => {
      const ada = await buildSignedIn(app);
      const { body } = await app
        .as(ada.accessToken)
        .patch('/users/me')
        .send({ name: '𝒜'.repeat(100) })
        .expect(200);
      expect(body.name).toBe('𝒜'.repeat(100));
    });

    it.each<[string, unknown]>([
      ['is empty', ''],
      ['is only white space', ' \t '],
      ['has 101 characters', 'a'.repeat(101)],
      ['is a number', 7],
      ['is a boolean', true],
      ['is an array', ['Ada']],
      ['is an object', { first: 'Ada' }],
      ['has a NUL', 'A\0da'],
      ['has a lone surrogate', 'Ada \ud800'],
    ])('rejects a name that %s', async (_, name) => {
      const ada = await signIn(app, await buildUser(app, { name: 'Ada' }));
      const response = await app.as(ada.accessToken).patch('/users/me').send({ name });
      expectProblem(response, 400, 'validation_failed');
      expect(response.body.errors).toEqual([
        { pointer: '/name', code: expect.any(String), params: expect.any(Object), message: expect.any(String) },
      ]);
      expect((await app.as(ada.accessToken).get('/users/me')).body.name).toBe('Ada');
    });

    it.each<[string, unknown]>([
      ['role', 'admin'],
      ['id', UNKNOWN_ID],
      ['isActive', false],
      ['passwordHash', '$2b$04$abcdefghijklmnopqrstuv'],
      ['emailVerifiedAt', '2026-01-15T09:30:00.000Z'],
      ['email', 'other@example.com'],
      ['createdAt', '2026-01-15T09:30:00.000Z'],
    ])('does not let users set their own %s', async (field, value) => {
      const ada = await buildSignedIn(app);
      const { body: before } = await app.as(ada.accessToken).get('/users/me');
      const hash = await passwordHashOf(ada.id);
      const response = await app
        .as(ada.accessToken)
        .patch('/users/me')
        .send({ name: 'Ada', [field]: value });
      expectProblem(response, 400, 'validation_failed');
      expect(response.body.errors).toEqual([
        { pointer: `/${field}`, code: 'unknown_field', params: {}, message: 'is not a field of this request' },
      ]);
      expect((await app.as(ada.accessToken).get('/users/me')).body).toEqual(before);
      expect(await passwordHashOf(ada.id)).toEqual(hash);
    });
  });

  describe('DELETE', () => {
    it('deletes the account, its sessions and its tokens', async () => {
      const ada = await buildSignedIn(app);
      const phone = await signIn(app, ada);
      await app.as(ada.accessToken).delete('/users/me').send({ password: ada.password }).expect(204, '');
      for (const device of [ada, phone]) {
        expectProblem(await app.as(device.accessToken).get('/users/me'), 401, 'session_not_found');
        const refresh = await app.request.post('/auth/refresh').send({ refreshToken: device.refreshToken });
        expectProblem(refresh, 401, 'refresh_token_invalid');
      }
      const { email, password } = ada;
      expectProblem(await app.request.post('/auth/login').send({ email, password }), 401, 'invalid_credentials');
      expect(await app.database.query('SELECT id FROM sessions WHERE user_id = $1', [ada.id])).toEqual([]);
      expect(await app.database.query('SELECT id FROM users WHERE id = $1', [ada.id])).toEqual([]);
    });

    it('frees the email address for a new account', async () => {
      const ada = await buildSignedIn(app);
      const { email, password } = ada;
      await app.as(ada.accessToken).delete('/users/me').send({ password }).expect(204);
      const { body } = await app.request.post('/auth/register').send({ email, password }).expect(201);
      expect(body.id).not.toBe(ada.id);
    });

    it('requires the right password', async () => {
      const ada = await buildSignedIn(app);
      const response = await app.as(ada.accessToken).delete('/users/me').send({ password: 'six lanterns at dusk' });
      expectProblem(response, 401, 'invalid_credentials');
      expect(response.body.detail).toBe('Incorrect password.');
      await app.as(ada.accessToken).get('/users/me').expect(200);
    });

    it.each<[string, unknown]>([
      ['is missing', undefined],
      ['is null', null],
      ['is empty', ''],
      ['is a number', 12_345_678],
      ['is an array', ['seven lanterns at dusk']],
      ['is an object', { $ne: '' }],
      ['has a NUL', 'seven lanterns at dusk\0'],
    ])('rejects a password that %s', async (_, password) => {
      const ada = await buildSignedIn(app);
      const response = await app.as(ada.accessToken).delete('/users/me').send({ password });
      expectProblem(response, 400, 'validation_failed');
      await app.as(ada.accessToken).get('/users/me').expect(200);
    });

    describe('of an account without a password', () => {
      /** Builds an account after a not-me report, signed in with a passkey. */
      const buildPasskeyOnly = async (): Promise<SignedIn> => {
        const ada = await buildSignedIn(app);
        const authenticator = await addPasskey(app, ada);
        // A not-me report removes the factors of the last seven days.
        const old = `UPDATE factors SET confirmed_at = confirmed_at - interval '8 days' WHERE user_id = $1`;
        await app.database.query(old, [ada.id]);
        await app.request
          .post('/auth/not-me')
          .send({ token: await issueToken(app, 'not_me', ada) })
          .expect(202);
        const { body: options } = await app.request.post('/auth/passkey/options').expect(200);
        const response = authenticator.get(options);
        const { body } = await app.request.post('/auth/passkey').send({ response }).expect(200);
        return { ...ada, accessToken: body.accessToken, sessionId: body.sessionId };
      };

      it.each<[string, object | undefined]>([
        ['no body', undefined],
        ['an empty body', {}],
      ])('needs only a recent authentication, with %s', async (_, body) => {
        const ada = await buildPasskeyOnly();
        const remove = () => app.as(ada.accessToken).delete('/users/me').send(body);
        const age = (when: string) =>
          app.database.query(
            `UPDATE sessions SET authentications = jsonb_build_object('pop', extract(epoch FROM now() - $2::interval))
              WHERE id = $1`,
            [ada.sessionId, when],
          );
        await age('11 minutes');
        expectProblem(await remove(), 401, 'insufficient_user_authentication');
        await age('0');
        await remove().expect(204, '');
        expect(await app.database.query('SELECT id FROM users WHERE id = $1', [ada.id])).toEqual([]);
      });

      it('fails if a password is sent anyway', async () => {
        const ada = await buildPasskeyOnly();
        const response = await app.as(ada.accessToken).delete('/users/me').send({ password: ada.password });
        expectProblem(response, 401, 'invalid_credentials');
        await app.as(ada.accessToken).get('/users/me').expect(200);
      });
    });

    it('requires the password that an account has, also without a body', async () => {
      const ada = await buildSignedIn(app);
      const response = await app.as(ada.accessToken).delete('/users/me');
      expectProblem(response, 400, 'validation_failed');
      expect(response.body.errors).toEqual([
        { pointer: '/password', code: 'required', params: {}, message: 'must be the password of the account' },
      ]);
      await app.as(ada.accessToken).get('/users/me').expect(200);
    });

    it('rejects a user ID in the body', async () => {
      const [ada, eve] = [await buildSignedIn(app), await buildSignedIn(app)];
      const response = await app.as(eve.accessToken).delete('/users/me').send({ password: eve.password, id: ada.id });
      expectProblem(response, 400, 'validation_failed');
      await app.as(ada.accessToken).get('/users/me').expect(200);
      await app.as(eve.accessToken).get('/users/me').expect(200);
    });
  });
});
