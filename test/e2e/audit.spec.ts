import { auditRows, expectedRow, type AuditRow } from '../support/audit-rows.js';
import { buildSignedIn, buildUser, signIn, type BuiltUser, type SignedIn } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

const AGENT = 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0';
const FROM = { ip_address: '127.0.0.1', user_agent: AGENT };

describe('what is written down', () => {
  let app: TestApp;
  let root: SignedIn;
  beforeAll(async () => {
    app = await TestApp.start();
    root = await buildSignedIn(app, 'admin');
  });
  afterAll(() => app.close());
  beforeEach(() => app.database.query('TRUNCATE audit_events'));

  const rows = () => auditRows(app.database);
  const forget = () => app.database.query('TRUNCATE audit_events');
  /** What somebody does who has not signed in. */
  const ask = () => app.request;
  const as = ({ accessToken }: SignedIn) => app.as(accessToken).set('User-Agent', AGENT);
  const by = ({ id, sessionId }: SignedIn): Partial<AuditRow> => ({
    actor_id: id,
    actor_session_id: sessionId,
    ...FROM,
  });
  const byThemselves = (user: SignedIn): Partial<AuditRow> => ({
    user_id: user.id,
    session_id: user.sessionId,
    ...by(user),
  });
  const revoked = (user: SignedIn, reason: string, facts: Partial<AuditRow>): AuditRow =>
    expectedRow('session_revoked', {
      reason,
      user_id: user.id,
      session_id: user.sessionId,
      details: { device: null },
      ...facts,
    });

  /** A signed-in person of whose beginnings nothing is in the record. */
  async function newcomer(role: 'user' | 'admin' = 'user'): Promise<SignedIn> {
    const user = await buildSignedIn(app, role);
    await forget();
    return user;
  }

  describe('of accounts', () => {
    it('who registered', async () => {
      const { body } = await ask()
        .post('/auth/register')
        .set('User-Agent', AGENT)
        .send({ email: 'ada@example.com', password: 'seven lanterns at dusk' })
        .expect(201);
      expect(await rows()).toEqual([expectedRow('user_created', { user_id: body.id, actor_id: body.id, ...FROM })]);
    });

    it('claims an admin created, in what role', async () => {
      const { body } = await as(root)
        .post('/admin/users')
        .send({ email: 'new@example.com', password: 'seven lanterns at dusk', role: 'admin' })
        .expect(201);
      expect(await rows()).toEqual([
        expectedRow('user_created', { user_id: body.id, ...by(root), details: { role: 'admin' } }),
      ]);
    });

    it('claims a command created', async () => {
      const { id } = await buildUser(app);
      expect(await rows()).toEqual([
        expectedRow('user_created', { user_id: id, details: { role: 'user', by: 'command' } }),
      ]);
    });

    it('a role before and after', async () => {
      const { id } = await newcomer();
      await as(root).patch(`/admin/users/${id}`).send({ role: 'admin' }).expect(200);
      const details = { role: { from: 'user', to: 'admin' } };
      expect(await rows()).toEqual([expectedRow('user_updated', { user_id: id, ...by(root), details })]);
    });

    it('that a name was changed, and not to what', async () => {
      const ada = await newcomer();
      await as(ada).patch('/users/me').send({ name: 'Ada Lovelace' }).expect(200);
      expect(await rows()).toEqual([
        expectedRow('user_updated', { ...byThemselves(ada), details: { name: 'changed' } }),
      ]);
    });

    it('a deactivation, and the end of each session', async () => {
      const ada = await newcomer();
      await as(root).patch(`/admin/users/${ada.id}`).send({ isActive: false }).expect(200);
      const details = { isActive: { from: true, to: false } };
      expect(await rows()).toEqual([
        expectedRow('user_updated', { user_id: ada.id, ...by(root), details }),
        revoked(ada, 'user_deactivated', by(root)),
      ]);
    });

    it('nothing of a change that changes nothing', async () => {
      const { id } = await newcomer();
      await as(root).patch(`/admin/users/${id}`).send({ role: 'user', isActive: true, name: null }).expect(200);
      expect(await rows()).toEqual([]);
    });

    it('a deletion by an admin', async () => {
      const { id } = await newcomer();
      await as(root).delete(`/admin/users/${id}`).expect(204);
      expect(await rows()).toEqual([expectedRow('user_deleted', { user_id: id, ...by(root) })]);
    });

    it('a deletion by the person, and the wrong password before', async () => {
      const ada = await newcomer();
      await as(ada).delete('/users/me').send({ password: 'not it' }).expect(401);
      await as(ada).delete('/users/me').send({ password: ada.password }).expect(204);
      const failure = { outcome: 'failure', reason: 'invalid_credentials' };
      expect(await rows()).toEqual([
        expectedRow('password_confirmation', { ...byThemselves(ada), ...failure }),
        expectedRow('user_deleted', byThemselves(ada)),
      ]);
    });
  });

  describe('of sign-ins', () => {
    const login = (email: string, password: string) =>
      ask().post('/auth/login').set('User-Agent', AGENT).send({ email, password, deviceName: 'Ada’s phone' });
    const token = (form: Record<string, string>) =>
      ask().post('/auth/token').set('User-Agent', AGENT).type('form').send(form);
    let ada: BuiltUser;
    beforeEach(async () => {
      ada = await buildUser(app);
      await forget();
    });

    it('a good one: who, from where, on what device, by which session', async () => {
      const { body } = await login(ada.email, ada.password).expect(200);
      const session = { session_id: body.sessionId, actor_session_id: body.sessionId };
      expect(await rows()).toEqual([
        expectedRow('sign_in', { user_id: ada.id, actor_id: ada.id, ...session, ...FROM, device_name: 'Ada’s phone' }),
      ]);
    });

    it('a good one by OAuth’s endpoint', async () => {
      await token({ grant_type: 'password', username: ada.email, password: ada.password }).expect(200);
      expect(await rows()).toMatchObject([{ type: 'sign_in', outcome: 'success', user_id: ada.id, ...FROM }]);
    });

    it.each<[string, (user: BuiltUser) => Promise<[string, string]>, string, boolean]>([
      ['a wrong password', ({ email }) => Promise.resolve([email, 'not it']), 'wrong_password', true],
      [
        'an unknown address, without the address: people type passwords there',
        ({ password }) => Promise.resolve(['nobody@example.com', password]),
        'unknown_address',
        false,
      ],
      [
        'an inactive user',
        async ({ id, email, password }) => {
          await as(root).patch(`/admin/users/${id}`).send({ isActive: false }).expect(200);
          await forget();
          return [email, password];
        },
        'user_inactive',
        true,
      ],
    ])('%s', async (_, prepare, cause, isKnown) => {
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

    it('one with good credentials that the limit of sessions refuses', async () => {
      const env = { MAX_SESSIONS_PER_USER: '1', SESSION_LIMIT_POLICY: 'reject' };
      const strict = await TestApp.start({ database: app.database, env });
      await signIn(strict, ada);
      await forget();
      const { email, password } = ada;
      await strict.request.post('/auth/login').set('User-Agent', AGENT).send({ email, password }).expect(409);
      await strict.close();
      const failure = { outcome: 'failure', reason: 'session_limit_reached' };
      expect(await rows()).toEqual([
        expectedRow('sign_in', { ...failure, user_id: ada.id, actor_id: ada.id, ...FROM }),
      ]);
    });

    it('no ordinary refresh: there are too many', async () => {
      const { refreshToken } = await signIn(app, ada);
      await forget();
      await ask().post('/auth/refresh').send({ refreshToken }).expect(200);
      expect(await rows()).toEqual([]);
    });

    it('a reused refresh token, and the end of its session, although the answer is 401', async () => {
      const user = await signIn(app, ada);
      let { refreshToken } = user;
      for (let turn = 0; turn < 2; turn += 1) {
        refreshToken = (await ask().post('/auth/refresh').send({ refreshToken })).body.refreshToken as string;
      }
      await forget();
      const reused = { refreshToken: user.refreshToken };
      await ask().post('/auth/refresh').set('User-Agent', AGENT).send(reused).expect(401);
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

  describe('of ended sessions', () => {
    let ada: SignedIn;
    let phone: SignedIn;
    beforeEach(async () => {
      ada = await buildSignedIn(app);
      phone = await signIn(app, ada, 'phone');
      await forget();
    });
    const onPhone = { details: { device: 'phone' } };

    it('a sign-out', async () => {
      await as(ada).post('/auth/logout').expect(204);
      expect(await rows()).toEqual([revoked(ada, 'logout', by(ada))]);
    });

    it('one’s own, once: by which session, and on what device it was', async () => {
      await as(ada).delete(`/sessions/${phone.sessionId}`).expect(204);
      await as(ada).delete(`/sessions/${phone.sessionId}`).expect(204);
      expect(await rows()).toEqual([revoked(phone, 'logout_others', { ...by(ada), ...onPhone })]);
    });

    it('nobody’s who is someone else: nothing was ended', async () => {
      await as(ada).delete(`/sessions/${root.sessionId}`).expect(404);
      expect(await rows()).toEqual([]);
    });

    it('the others, all but the current one', async () => {
      await as(ada).delete('/sessions?scope=others').expect(200);
      expect(await rows()).toEqual([revoked(phone, 'logout_others', { ...by(ada), ...onPhone })]);
    });

    it('all, each in a row of its own', async () => {
      await as(ada).delete('/sessions?scope=all').expect(200);
      const cause = by(ada);
      expect(new Set(await rows())).toEqual(
        new Set([revoked(ada, 'logout_all', cause), revoked(phone, 'logout_all', { ...cause, ...onPhone })]),
      );
    });

    it('anyone’s, by an admin', async () => {
      await as(root).delete(`/admin/sessions/${phone.sessionId}`).expect(204);
      expect(await rows()).toEqual([revoked(phone, 'admin', { ...by(root), ...onPhone })]);
    });

    it('many, by an admin: by which filter, and each in a row of its own', async () => {
      const createdBefore = new Date().toISOString();
      await as(root).post('/admin/sessions/revoke').send({ userId: ada.id, createdBefore }).expect(200);
      const written = await rows();
      expect(new Set(written.slice(0, 2))).toEqual(
        new Set([revoked(ada, 'admin', by(root)), revoked(phone, 'admin', { ...by(root), ...onPhone })]),
      );
      const details = { userId: ada.id, createdBefore, revoked: 2 };
      expect(written.slice(2)).toEqual([expectedRow('sessions_revoked', { ...by(root), details })]);
    });

    it('nothing of a dry run', async () => {
      await as(root).post('/admin/sessions/revoke').send({ userId: ada.id, dryRun: true }).expect(200);
      expect(await rows()).toEqual([]);
    });

    it('a forced expiry: from when to when', async () => {
      const { body } = await as(phone).get('/sessions/current').expect(200);
      const to = new Date(Date.now() + 3_600_000).toISOString();
      await as(root).patch(`/admin/sessions/${phone.sessionId}`).send({ expiresAt: to }).expect(200);
      const facts = { user_id: ada.id, session_id: phone.sessionId, ...by(root) };
      expect(await rows()).toEqual([
        expectedRow('session_expiry_changed', { ...facts, details: { expiresAt: { from: body.expiresAt, to } } }),
      ]);
    });
  });
});
