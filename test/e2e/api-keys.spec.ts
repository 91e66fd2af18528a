import { Controller, Get, Module } from '@nestjs/common';
import { Scopes } from '../../src/http/access.decorators.js';
import { LastSeenRecorder } from '../../src/sessions/last-seen.recorder.js';
import { auditEvents, mailKinds } from '../support/account-records.js';
import { auditRows } from '../support/audit-rows.js';
import { buildKey, buildSignedIn, signIn, type SignedIn } from '../support/builders.js';
import { RFC_3339, UUID_V7 } from '../support/constants.js';
import { expectProblem } from '../support/expect-problem.js';
import { issueToken } from '../support/one-time-tokens.js';
import { TestApp } from '../support/test-app.js';

const DAY_MS = 86_400_000;
@Controller('probe-scopes')
class ProbeScopesController {
  @Scopes('orders:read')
  @Get()
  read(): void {
    return undefined;
  }
}

@Module({ controllers: [ProbeScopesController] })
class ProbeScopesModule {}

describe('API keys', () => {
  let app: TestApp;
  let other: TestApp;
  let ada: SignedIn;
  beforeAll(async () => {
    [app, other] = await TestApp.startTwo({ imports: [ProbeScopesModule], env: { MAX_KEYS_PER_USER: '3' } });
    // A test compares a key before and after its first uses.
    for (const instance of [app, other]) await instance.stopBackgroundWrites();
  });
  beforeEach(async () => {
    ada = await buildSignedIn(app);
  });
  afterAll(() => app.close());

  const create = (body: object, by = ada) => app.as(by.accessToken).post('/auth/keys').send(body);
  const get = (path: string, key: string, instance = app) => instance.as(key).get(path);
  const age = ({ sessionId }: SignedIn) =>
    app.database.query(`UPDATE sessions SET authentications = '{}' WHERE id = $1`, [sessionId]);

  describe('POST /auth/keys', () => {
    it('returns the key once, and it works on every instance', async () => {
      const { body, headers } = await create({ name: ' Nightly export ' }).expect(201);
      expect(body).toEqual({
        id: expect.stringMatching(UUID_V7),
        name: 'Nightly export',
        scopes: null,
        createdAt: expect.stringMatching(RFC_3339),
        lastUsedAt: null,
        expiresAt: expect.stringMatching(RFC_3339),
        key: expect.stringMatching(/^ghk_[A-Za-z0-9_-]{93}$/),
      });
      expect(headers['location']).toBe(`/auth/keys/${body.id}`);
      expect(Date.parse(body.expiresAt as string) - Date.parse(body.createdAt as string)).toBeLessThanOrEqual(
        90 * DAY_MS,
      );
      for (const instance of [app, other]) {
        expect((await get('/users/me', body.key as string, instance).expect(200)).body.id).toBe(ada.id);
      }
      const { body: list } = await app.as(ada.accessToken).get('/auth/keys').expect(200);
      expect(list.items).toHaveLength(1);
      expect({ ...list.items[0], key: body.key }).toEqual(body);
    });

    it('shows the first use of a key in its first minute', async () => {
      const [used, unused] = [await buildKey(app, ada), await buildKey(app, ada)];
      await get('/users/me', used.key, other).expect(200);
      await other.app.get(LastSeenRecorder).flush();
      const { body } = await app.as(ada.accessToken).get('/auth/keys').expect(200);
      expect(body.items).toEqual([
        expect.objectContaining({ id: used.id, lastUsedAt: expect.stringMatching(RFC_3339) }),
        expect.objectContaining({ id: unused.id, lastUsedAt: null }),
      ]);
    });

    it('needs a recent authentication, like DELETE /auth/keys/:id', async () => {
      const { id } = await buildKey(app, ada);
      await age(ada);
      expectProblem(await create({ name: 'x' }), 401, 'insufficient_user_authentication');
      const removal = await app.as(ada.accessToken).delete(`/auth/keys/${id}`);
      expectProblem(removal, 401, 'insufficient_user_authentication');
    });

    it('limits the active keys of a user, also in parallel on two instances', async () => {
      const createAt = (instance: TestApp) => instance.as(ada.accessToken).post('/auth/keys').send({ name: 'x' });
      const instances = Array.from({ length: 25 }, () => [app, other]).flat();
      const answers = await Promise.all(instances.map(createAt));
      expect(answers.map(({ status }) => status).sort()).toEqual([
        ...Array<number>(3).fill(201),
        ...Array<number>(47).fill(409),
      ]);
      const rejected = answers.find(({ status }) => status === 409);
      expect(rejected?.body.code).toBe('key_limit_reached');
      const id = answers.find(({ status }) => status === 201)?.body.id as string;
      await app.as(ada.accessToken).delete(`/auth/keys/${id}`).expect(204);
      await create({ name: 'x' }).expect(201);
    });

    it.each<[string, object, string, string]>([
      ['no name', {}, '/name', 'required'],
      ['an empty name', { name: '  ' }, '/name', 'too_short'],
      ['no scope', { name: 'x', scopes: [] }, '/scopes', 'too_few_items'],
      ['scopes that are no list', { name: 'x', scopes: 'orders:read' }, '/scopes', 'invalid_type'],
      ['a scope twice', { name: 'x', scopes: ['orders:read', 'orders:read'] }, '/scopes', 'duplicate_items'],
      ['21 scopes', { name: 'x', scopes: Array.from({ length: 21 }, (_, i) => `s${i}`) }, '/scopes', 'too_many_items'],
      ['a number as scope', { name: 'x', scopes: [1] }, '/scopes', 'invalid_type'],
      ['an unknown scope', { name: 'x', scopes: ['orders:read', 'orders:delete'] }, '/scopes', 'not_one_of'],
      ['the scope of an admin', { name: 'x', scopes: ['introspect'] }, '/scopes', 'not_one_of'],
      ['an expiry in the past', { name: 'x', expiresAt: '2020-01-01T00:00:00Z' }, '/expiresAt', 'too_early'],
      ['an expiry in more than a year', { name: 'x', expiresAt: isoIn(367) }, '/expiresAt', 'too_late'],
      ['an expiry that is no time', { name: 'x', expiresAt: 'tomorrow' }, '/expiresAt', 'invalid_format'],
    ])('rejects %s', async (_, body, pointer, code) => {
      const answer = await create(body);
      expectProblem(answer, 400, 'validation_failed');
      expect(answer.body.errors).toEqual([expect.objectContaining({ pointer, code })]);
    });

    it('lists the known scopes when it rejects one', async () => {
      const { body } = await create({ name: 'x', scopes: ['orders:delete'] });
      expect(body.errors[0].params).toMatchObject({ index: 0 });
      expect(body.errors[0].params.values).toEqual(expect.arrayContaining(['orders:read', 'profile:read']));
      expect(body.errors[0].params.values).not.toContain('introspect');
    });

    it('lets only admins grant the scope introspect', async () => {
      const admin = await buildSignedIn(app, 'admin');
      await create({ name: 'x', scopes: ['introspect'] }, admin).expect(201);
    });

    it('does not grant introspect to an admin who is demoted meanwhile', async () => {
      const [root, admin] = [await buildSignedIn(app, 'admin'), await buildSignedIn(app, 'admin')];
      const [demoted, created] = await app.database.queue(
        `SELECT FROM users WHERE id = '${admin.id}' FOR UPDATE`,
        () => app.as(root.accessToken).patch(`/admin/users/${admin.id}`).send({ role: 'user' }),
        () =>
          other
            .as(admin.accessToken)
            .post('/auth/keys')
            .send({ name: 'x', scopes: ['introspect'] }),
      );
      expect(demoted.status).toBe(200);
      expectProblem(created, 403, 'forbidden');
    });

    it('is audited, and announced in a mail with the not-me link', async () => {
      const { id } = await buildKey(app, ada, { scopes: ['orders:read'], expiresAt: isoIn(30) });
      const event = (await auditRows(app.database)).find((row) => row.type === 'key_created' && row.session_id === id);
      expect(event).toMatchObject({
        user_id: ada.id,
        actor_session_id: ada.sessionId,
        device_name: 'Nightly export',
        details: { scopes: 'orders:read' },
      });
      expect(await mailKinds(app, ada)).toContain('key_created');
    });
  });

  describe('a revocation', () => {
    it('takes effect on the next request, and is idempotent', async () => {
      const { id, key } = await buildKey(app, ada);
      const revoke = () => app.as(ada.accessToken).delete(`/auth/keys/${id}`);
      await revoke().expect(204);
      for (const instance of [app, other]) {
        const answer = await get('/users/me', key, instance);
        expectProblem(answer, 401, 'key_revoked');
        expect(answer.body.reason).toBe('key_revoked');
      }
      await revoke().expect(204);
      const [event] = await auditEvents(app, ada, 'session_revoked');
      expect(event).toMatchObject({ session_id: id, reason: 'key_revoked' });
      expect((await app.as(ada.accessToken).get('/auth/keys')).body.items).toEqual([]);
    });

    it('rejects IDs of other users and of sign-ins', async () => {
      const eve = await buildSignedIn(app);
      const { id, key } = await buildKey(app, ada);
      expectProblem(await app.as(eve.accessToken).delete(`/auth/keys/${id}`), 404, 'key_not_found');
      expectProblem(await app.as(ada.accessToken).delete(`/auth/keys/${ada.sessionId}`), 404, 'key_not_found');
      expectProblem(await app.as(ada.accessToken).delete('/auth/keys/x'), 400, 'validation_failed');
      await get('/users/me', key).expect(200);
    });

    it.each<[string, string, (owner: SignedIn, admin: SignedIn, id: string, key: string) => Promise<unknown>]>([
      [
        'DELETE /auth/keys/:id',
        'key_revoked',
        (owner, _, id) => app.as(owner.accessToken).delete(`/auth/keys/${id}`).expect(204),
      ],
      [
        'DELETE /sessions/:id',
        'key_revoked',
        (owner, _, id) => app.as(owner.accessToken).delete(`/sessions/${id}`).expect(204),
      ],
      [
        'DELETE /sessions/:id with the key itself',
        'key_revoked',
        (_, __, id, key) => app.as(key).delete(`/sessions/${id}`).expect(204),
      ],
      [
        'DELETE /sessions/current with the key itself',
        'key_revoked',
        (_, __, ___, key) => app.as(key).delete('/sessions/current').expect(204),
      ],
      [
        'POST /auth/revoke',
        'key_revoked',
        (_, __, ___, key) => app.request.post('/auth/revoke').type('form').send({ token: key }).expect(200),
      ],
      [
        'DELETE /admin/sessions/:id',
        'admin',
        (_, admin, id) => app.as(admin.accessToken).delete(`/admin/sessions/${id}`).expect(204),
      ],
      [
        'POST /admin/sessions/revoke',
        'admin',
        (owner, admin) =>
          app.as(admin.accessToken).post('/admin/sessions/revoke').send({ userId: owner.id }).expect(200),
      ],
    ])('by %s has the reason %s, also in the audit log', async (_, reason, revoke) => {
      const admin = await buildSignedIn(app, 'admin');
      const { id, key } = await buildKey(app, ada);
      await revoke(ada, admin, id, key);
      const answer = await get('/users/me', key);
      expectProblem(answer, 401, 'key_revoked');
      expect(answer.body.reason).toBe(reason);
      const events = await auditEvents(app, ada, 'session_revoked');
      expect(events).toContainEqual(expect.objectContaining({ session_id: id, reason }));
    });

    it('of a sign-in still has the reason of a sign-out', async () => {
      const { sessionId } = await signIn(app, ada);
      await app.as(ada.accessToken).delete(`/sessions/${sessionId}`).expect(204);
      const [event] = await auditEvents(app, ada, 'session_revoked');
      expect(event).toMatchObject({ session_id: sessionId, reason: 'logout_others' });
    });

    it('of all sign-ins keeps the keys', async () => {
      const { key } = await buildKey(app, ada);
      await signIn(app, ada);
      for (const scope of ['others', 'all']) {
        const { body } = await app.as(ada.accessToken).delete(`/sessions?scope=${scope}`).expect(200);
        expect(body).toEqual({ revoked: 1 });
      }
      await get('/users/me', key).expect(200);
    });

    it('in bulk by an admin includes keys', async () => {
      const admin = await buildSignedIn(app, 'admin');
      const { key } = await buildKey(app, ada);
      await app.as(admin.accessToken).post('/admin/sessions/revoke').send({ userId: ada.id }).expect(200);
      expectProblem(await get('/users/me', key), 401, 'key_revoked');
    });

    it('follows from a reset, a not-me report, a deactivation and a deletion', async () => {
      const admin = await buildSignedIn(app, 'admin');
      const newPassword = 'nine candles before dawn';
      const causes: [string, (person: SignedIn) => Promise<unknown>][] = [
        [
          'key_revoked',
          async (person) =>
            app.request
              .post('/auth/password/reset')
              .send({ token: await issueToken(app, 'password_reset', person), newPassword })
              .expect(204),
        ],
        [
          'key_revoked',
          async (person) =>
            app.request
              .post('/auth/not-me')
              .send({ token: await issueToken(app, 'not_me', person) })
              .expect(202),
        ],
        [
          'user_inactive',
          (person) =>
            app.as(admin.accessToken).patch(`/admin/users/${person.id}`).send({ isActive: false }).expect(200),
        ],
        [
          'key_invalid',
          (person) => app.as(person.accessToken).delete('/users/me').send({ password: person.password }).expect(204),
        ],
      ];
      for (const [code, act] of causes) {
        const person = await buildSignedIn(app);
        const { key } = await buildKey(app, person);
        await act(person);
        expectProblem(await get('/users/me', key), 401, code);
      }
    });

    it('in bulk includes a key that a revoked session was creating', async () => {
      const admin = await buildSignedIn(app, 'admin');
      const [created, revoked] = await app.database.queue(
        `SELECT FROM users WHERE id = '${ada.id}' FOR UPDATE`,
        () => create({ name: 'x' }),
        () => other.as(admin.accessToken).post('/admin/sessions/revoke').send({ userId: ada.id }),
      );
      expect([created.status, revoked.body]).toEqual([201, { matched: 2, revoked: 2 }]);
      expectProblem(await get('/users/me', created.body.key as string), 401, 'key_revoked');
    });

    it('by a deactivation lasts after a reactivation', async () => {
      const admin = await buildSignedIn(app, 'admin');
      const { key } = await buildKey(app, ada);
      for (const isActive of [false, true]) {
        await app.as(admin.accessToken).patch(`/admin/users/${ada.id}`).send({ isActive }).expect(200);
      }
      expectProblem(await get('/users/me', key), 401, 'key_revoked');
    });

    it.each([
      ['keeps the keys by default', {}, 200],
      ['keeps the keys if asked', { keys: 'keep' }, 200],
      ['revokes the keys if asked', { keys: 'revoke' }, 401],
    ])('by a password change %s', async (_, choice, status) => {
      const { key } = await buildKey(app, ada);
      const { accessToken } = await signIn(app, ada);
      const change = { currentPassword: ada.password, newPassword: 'nine candles before dawn', ...choice };
      await app.as(ada.accessToken).post('/auth/password').send(change).expect(204);
      await get('/users/me', key).expect(status);
      await get('/users/me', accessToken).expect(401);
      await get('/users/me', ada.accessToken).expect(200);
    });
  });

  describe('the lists of sessions', () => {
    it('include keys with their kind, and filter by it', async () => {
      const { id } = await buildKey(app, ada, { scopes: ['orders:read'] });
      const list = async (query: string) =>
        (await app.as(ada.accessToken).get(`/sessions${query}`).expect(200)).body.items as { id: string }[];
      const all = await list('');
      expect(all.map((session) => session.id).sort()).toEqual([ada.sessionId, id].sort());
      expect(all.find((session) => session.id === id)).toMatchObject({
        kind: 'key',
        scopes: ['orders:read'],
        deviceName: 'Nightly export',
        amr: ['pwd'],
      });
      expect((await list('?kind=key')).map((session) => session.id)).toEqual([id]);
      expect((await list('?kind=sign_in')).map((session) => session.id)).toEqual([ada.sessionId]);
      expectProblem(await app.as(ada.accessToken).get('/sessions?kind=other'), 400, 'validation_failed');
      const admin = await buildSignedIn(app, 'admin');
      const { body } = await app.as(admin.accessToken).get(`/admin/sessions?userId=${ada.id}&kind=key`).expect(200);
      expect(body.items).toMatchObject([{ id, kind: 'key', userId: ada.id }]);
    });

    it('do not count keys towards the limit of sign-ins, and evict none', async () => {
      const limited = await TestApp.start({ database: app.database, env: { MAX_SESSIONS_PER_USER: '1' } });
      const { key } = await buildKey(app, ada);
      const next = await signIn(limited, ada);
      await get('/users/me', key).expect(200);
      await get('/users/me', next.accessToken).expect(200);
      await get('/users/me', ada.accessToken).expect(401);
      await limited.close();
    });
  });
});

function isoIn(days: number): string {
  return new Date(Date.now() + days * DAY_MS).toISOString();
}
