import { auditRows, expectedRow, type AuditRow } from '../support/audit-rows.js';
import { buildSignedIn, buildUser, signIn, type BuiltUser, type SignedIn } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

const AGENT = 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0';
const FROM = { ip_address: '127.0.0.1', user_agent: AGENT };

describe('the audit event', () => {
  let app: TestApp;
  let root: SignedIn;
  beforeAll(async () => {
    app = await TestApp.start();
    root = await buildSignedIn(app, 'admin');
  });
  afterAll(() => app.close());
  beforeEach(() => app.database.query('TRUNCATE audit_events'));

  const rows = () => auditRows(app.database);
  const clear = () => app.database.query('TRUNCATE audit_events');
  const as = ({ accessToken }: SignedIn) => app.as(accessToken).set('User-Agent', AGENT);
  const by = ({ id, sessionId }: SignedIn): Partial<AuditRow> => ({
    actor_id: id,
    actor_session_id: sessionId,
    ...FROM,
  });
  const bySelf = (user: SignedIn): Partial<AuditRow> => ({
    user_id: user.id,
    session_id: user.sessionId,
    ...by(user),
  });
  const revoked = (user: SignedIn, reason: string, fields: Partial<AuditRow>): AuditRow =>
    expectedRow('session_revoked', {
      reason,
      user_id: user.id,
      session_id: user.sessionId,
      details: { device: null },
      ...fields,
    });

  /** Builds a signed-in user without audit events. */
  async function buildUnaudited(role: 'user' | 'admin' = 'user'): Promise<SignedIn> {
    const user = await buildSignedIn(app, role);
    await clear();
    return user;
  }

  describe('of an account change', () => {
    it('names the user who registered', async () => {
      const { body } = await app.request
        .post('/auth/register')
        .set('User-Agent', AGENT)
        .send({ email: 'ada@example.com', password: 'seven lanterns at dusk' })
        .expect(201);
      expect(await rows()).toEqual([expectedRow('user_created', { user_id: body.id, actor_id: body.id, ...FROM })]);
    });

    it('names the admin who created a user, and the role', async () => {
      const { body } = await as(root)
        .post('/admin/users')
        .send({ email: 'new@example.com', password: 'seven lanterns at dusk', role: 'admin' })
        .expect(201);
      expect(await rows()).toEqual([
        expectedRow('user_created', { user_id: body.id, ...by(root), details: { role: 'admin' } }),
      ]);
    });

    it('names a command that created a user', async () => {
      const { id } = await buildUser(app);
      expect(await rows()).toEqual([
        expectedRow('user_created', { user_id: id, details: { role: 'user', by: 'command' } }),
      ]);
    });

    it('contains the old and the new role', async () => {
      const { id } = await buildUnaudited();
      await as(root).patch(`/admin/users/${id}`).send({ role: 'admin' }).expect(200);
      const details = { role: { from: 'user', to: 'admin' } };
      expect(await rows()).toEqual([expectedRow('user_updated', { user_id: id, ...by(root), details })]);
    });

    it('omits the new name', async () => {
      const ada = await buildUnaudited();
      await as(ada).patch('/users/me').send({ name: 'Ada Lovelace' }).expect(200);
      expect(await rows()).toEqual([expectedRow('user_updated', { ...bySelf(ada), details: { name: 'changed' } })]);
    });

    it('is followed by one per revoked session after a deactivation', async () => {
      const ada = await buildUnaudited();
      await as(root).patch(`/admin/users/${ada.id}`).send({ isActive: false }).expect(200);
      const details = { isActive: { from: true, to: false } };
      expect(await rows()).toEqual([
        expectedRow('user_updated', { user_id: ada.id, ...by(root), details }),
        revoked(ada, 'user_deactivated', by(root)),
      ]);
    });

    it('is not written if nothing changes', async () => {
      const { id } = await buildUnaudited();
      await as(root).patch(`/admin/users/${id}`).send({ role: 'user', isActive: true, name: null }).expect(200);
      expect(await rows()).toEqual([]);
    });

    it('names the admin who deleted a user', async () => {
      const { id } = await buildUnaudited();
      await as(root).delete(`/admin/users/${id}`).expect(204);
      expect(await rows()).toEqual([expectedRow('user_deleted', { user_id: id, ...by(root) })]);
    });

    it('is written for deleting the own account, and for a wrong password', async () => {
      const ada = await buildUnaudited();
      await as(ada).delete('/users/me').send({ password: 'not it' }).expect(401);
      await as(ada).delete('/users/me').send({ password: ada.password }).expect(204);
      const failure = { outcome: 'failure', reason: 'invalid_credentials' };
      expect(await rows()).toEqual([
        expectedRow('password_confirmation', { ...bySelf(ada), ...failure }),
        expectedRow('user_deleted', bySelf(ada)),
      ]);
    });
  });

  describe('of a sign-in', () => {
    const login = (email: string, password: string) =>
      app.request.post('/auth/login').set('User-Agent', AGENT).send({ email, password, deviceName: 'Ada’s phone' });
    const token = (form: Record<string, string>) =>
      app.request.post('/auth/token').set('User-Agent', AGENT).type('form').send(form);
    let ada: BuiltUser;
    beforeEach(async () => {
      ada = await buildUser(app);
      await clear();
    });

    it('contains user, client, device and session', async () => {
      const { body } = await login(ada.email, ada.password).expect(200);
      const session = { session_id: body.sessionId, actor_session_id: body.sessionId };
      expect(await rows()).toEqual([
        expectedRow('sign_in', { user_id: ada.id, actor_id: ada.id, ...session, ...FROM, device_name: 'Ada’s phone' }),
      ]);
    });

    it('is written at the token endpoint, too', async () => {
      await token({ grant_type: 'password', username: ada.email, password: ada.password }).expect(200);
      expect(await rows()).toMatchObject([{ type: 'sign_in', outcome: 'success', user_id: ada.id, ...FROM }]);
    });

    it.each<[string, (user: BuiltUser) => Promise<[string, string]>, string, boolean]>([
      ['a wrong password', ({ email }) => Promise.resolve([email, 'not it']), 'wrong_password', true],
      [
        // The input may be a password in the wrong field.
        'an unknown email',
        ({ password }) => Promise.resolve(['nobody@example.com', password]),
        'unknown_address',
        false,
      ],
      [
        'an inactive user',
        async ({ id, email, password }) => {
          await as(root).patch(`/admin/users/${id}`).send({ isActive: false }).expect(200);
          await clear();
          return [email, password];
        },
        'user_inactive',
        true,
      ],
    ])('contains the cause but not the email for %s', async (_, prepare, cause, isKnown) => {
      const [email, password] = await prepare(ada);
      await login(email, password).expect(401);
      await token({ grant_type: 'password', username: email, password }).expect(400);
      const failure = expectedRow('sign_in', {
        outcome: 'failure',
        reason: 'invalid_credentials',
        user_id: isKnown ? ada.id : null,
        ...FROM,
        details: { cause },
      });
      expect(await rows()).toEqual([{ ...failure, device_name: 'Ada’s phone' }, failure]);
    });

    it('contains the reason if the session limit is reached', async () => {
      const env = { MAX_SESSIONS_PER_USER: '1', SESSION_LIMIT_POLICY: 'reject' };
      const strict = await TestApp.start({ database: app.database, env });
      await signIn(strict, ada);
      await clear();
      const { email, password } = ada;
      await strict.request.post('/auth/login').set('User-Agent', AGENT).send({ email, password }).expect(409);
      await strict.close();
      const failure = { outcome: 'failure', reason: 'session_limit_reached' };
      expect(await rows()).toEqual([
        expectedRow('sign_in', { ...failure, user_id: ada.id, actor_id: ada.id, ...FROM }),
      ]);
    });

    it('is not written for a refresh', async () => {
      const { refreshToken } = await signIn(app, ada);
      await clear();
      await app.request.post('/auth/refresh').send({ refreshToken }).expect(200);
      expect(await rows()).toEqual([]);
    });

    it('is written for a reused refresh token and its session despite the 401', async () => {
      const user = await signIn(app, ada);
      let { refreshToken } = user;
      for (let turn = 0; turn < 2; turn += 1) {
        refreshToken = (await app.request.post('/auth/refresh').send({ refreshToken })).body.refreshToken as string;
      }
      await clear();
      const reused = { refreshToken: user.refreshToken };
      await app.request.post('/auth/refresh').set('User-Agent', AGENT).send(reused).expect(401);
      expect(await rows()).toEqual([
        expectedRow('token_refresh', {
          outcome: 'failure',
          reason: 'refresh_token_reused',
          user_id: ada.id,
          session_id: user.sessionId,
          ...FROM,
        }),
        revoked(user, 'refresh_reuse', {}),
      ]);
    });
  });

  describe('of a session change', () => {
    let ada: SignedIn;
    let phone: SignedIn;
    beforeEach(async () => {
      ada = await buildSignedIn(app);
      phone = await signIn(app, ada, 'phone');
      await clear();
    });
    const onPhone = { details: { device: 'phone' } };

    it('is written for a sign-out', async () => {
      await as(ada).post('/auth/logout').expect(204);
      expect(await rows()).toEqual([revoked(ada, 'logout', by(ada))]);
    });

    it('is written once per revoked session, with its device', async () => {
      await as(ada).delete(`/sessions/${phone.sessionId}`).expect(204);
      await as(ada).delete(`/sessions/${phone.sessionId}`).expect(204);
      expect(await rows()).toEqual([revoked(phone, 'logout_others', { ...by(ada), ...onPhone })]);
    });

    it('is not written for the session of another user', async () => {
      await as(ada).delete(`/sessions/${root.sessionId}`).expect(404);
      expect(await rows()).toEqual([]);
    });

    it('is written for the other sessions but not the current one', async () => {
      await as(ada).delete('/sessions?scope=others').expect(200);
      expect(await rows()).toEqual([revoked(phone, 'logout_others', { ...by(ada), ...onPhone })]);
    });

    it('is written for each session if all are revoked', async () => {
      await as(ada).delete('/sessions?scope=all').expect(200);
      const cause = by(ada);
      expect(new Set(await rows())).toEqual(
        new Set([revoked(ada, 'logout_all', cause), revoked(phone, 'logout_all', { ...cause, ...onPhone })]),
      );
    });

    it('names the admin who revoked a session', async () => {
      await as(root).delete(`/admin/sessions/${phone.sessionId}`).expect(204);
      expect(await rows()).toEqual([revoked(phone, 'admin', { ...by(root), ...onPhone })]);
    });

    it('is written for each session of a bulk revocation, and for its filter', async () => {
      const createdBefore = new Date().toISOString();
      await as(root).post('/admin/sessions/revoke').send({ userId: ada.id, createdBefore }).expect(200);
      const written = await rows();
      expect(new Set(written.slice(0, 2))).toEqual(
        new Set([revoked(ada, 'admin', by(root)), revoked(phone, 'admin', { ...by(root), ...onPhone })]),
      );
      const details = { userId: ada.id, createdBefore, revoked: 2 };
      expect(written.slice(2)).toEqual([expectedRow('sessions_revoked', { ...by(root), details })]);
    });

    it('is not written for a dry run', async () => {
      await as(root).post('/admin/sessions/revoke').send({ userId: ada.id, dryRun: true }).expect(200);
      expect(await rows()).toEqual([]);
    });

    it('contains the old and the new expiry', async () => {
      const { body } = await as(phone).get('/sessions/current').expect(200);
      const to = new Date(Date.now() + 3_600_000).toISOString();
      await as(root).patch(`/admin/sessions/${phone.sessionId}`).send({ expiresAt: to }).expect(200);
      const ids = { user_id: ada.id, session_id: phone.sessionId, ...by(root) };
      expect(await rows()).toEqual([
        expectedRow('session_expiry_changed', { ...ids, details: { expiresAt: { from: body.expiresAt, to } } }),
      ]);
    });
  });
});
