import { newId } from '../../src/common/id.js';
import { buildSignedIn, buildUser, signIn, type BuiltUser, type SignedIn } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { rounds } from '../support/rounds.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

let first: TestApp;
let second: TestApp;
let admin: SignedIn;
beforeAll(async () => {
  [first, second] = await TestApp.startTwo();
  admin = await buildSignedIn(first, 'admin');
});
afterAll(() => first.close());

describe('an ended session', () => {
  const instances = () => [first, second];
  const refreshOn = (app: TestApp, { refreshToken }: SignedIn) =>
    app.request.post('/auth/refresh').send({ refreshToken });

  /** Uses both tokens on every instance. Returns the distinct problem codes. */
  const nextAnswers = async (session: SignedIn) => {
    const answers = await Promise.all(
      instances().flatMap((app) => [app.as(session.accessToken).get('/users/me'), refreshOn(app, session)]),
    );
    expect(answers.map((answer) => answer.status)).toEqual([401, 401, 401, 401]);
    return [...new Set(answers.map(({ body }) => [body.code, body.reason].filter(Boolean).join(' ')))];
  };

  type Ending = (app: TestApp, session: SignedIn) => Promise<{ status: number }>;
  const endings: [what: string, end: Ending, codes: string[]][] = [
    ['sign-out', async (app, { accessToken }) => app.as(accessToken).post('/auth/logout'), ['session_revoked logout']],
    [
      'revocation by its owner',
      async (app, session) => app.as((await signIn(app, session)).accessToken).delete(`/sessions/${session.sessionId}`),
      ['session_revoked logout_others'],
    ],
    [
      'sign-out of all devices',
      async (app, session) => app.as(session.accessToken).delete('/sessions?scope=all'),
      ['session_revoked logout_all'],
    ],
    [
      'revocation by an admin',
      async (app, { sessionId }) => app.as(admin.accessToken).delete(`/admin/sessions/${sessionId}`),
      ['session_revoked admin'],
    ],
    [
      'a bulk revocation',
      async (app, { id }) => app.as(admin.accessToken).post('/admin/sessions/revoke').send({ userId: id }),
      ['session_revoked admin'],
    ],
    [
      'forced expiry',
      async (app, { sessionId }) =>
        app.as(admin.accessToken).patch(`/admin/sessions/${sessionId}`).send({ expiresAt: '2001-01-01T00:00:00Z' }),
      ['session_expired'],
    ],
    [
      'deactivation of its user',
      async (app, { id }) => app.as(admin.accessToken).patch(`/admin/users/${id}`).send({ isActive: false }),
      ['user_inactive'],
    ],
    [
      'deletion of its user by an admin',
      async (app, { id }) => app.as(admin.accessToken).delete(`/admin/users/${id}`),
      ['session_not_found', 'refresh_token_invalid'],
    ],
    [
      'account deletion by its user',
      async (app, { accessToken, password }) => app.as(accessToken).delete('/users/me').send({ password }),
      ['session_not_found', 'refresh_token_invalid'],
    ],
    [
      'reuse of an old refresh token',
      async (app, session) => {
        const { body } = await refreshOn(app, session).expect(200);
        await refreshOn(app, { ...session, refreshToken: body.refreshToken as string }).expect(200);
        const { status } = await refreshOn(app, session);
        return { status: status === 401 ? 204 : status };
      },
      ['session_revoked refresh_reuse'],
    ],
  ];

  it.each(endings)('is rejected on every instance from the first request after %s', async (_, end, codes) => {
    // One round on each instance.
    for (let round = 0; round < rounds(2, 100); round++) {
      const session = await buildSignedIn(first);
      await Promise.all(instances().map((app) => app.as(session.accessToken).get('/users/me').expect(200)));
      // Concurrent requests may succeed or fail. Later ones must fail.
      const concurrent = instances().flatMap((app) =>
        Array.from({ length: 3 }, async () => (await app.as(session.accessToken).get('/users/me')).status),
      );
      const ended = await end(round % 2 === 0 ? first : second, session);
      expect([200, 204]).toContain(ended.status);
      expect(await nextAnswers(session)).toEqual(codes);
      expect((await Promise.all(concurrent)).filter((status) => ![200, 401].includes(status))).toEqual([]);
    }
  });

  it('stays revoked when its user is reactivated', async () => {
    const ada = await buildSignedIn(first);
    for (const isActive of [false, true]) {
      await first.as(admin.accessToken).patch(`/admin/users/${ada.id}`).send({ isActive }).expect(200);
    }
    expect(await nextAnswers(ada)).toEqual(['session_revoked user_deactivated']);
    await signIn(second, ada);
  });

  it('keeps its first reason when it is revoked again', async () => {
    const ada = await buildSignedIn(first);
    const other = await signIn(first, ada);
    await first.as(ada.accessToken).post('/auth/logout').expect(204);
    await first.as(other.accessToken).delete('/sessions?scope=others').expect(200);
    await first.as(admin.accessToken).delete(`/admin/sessions/${ada.sessionId}`).expect(204);
    await first.as(admin.accessToken).patch(`/admin/users/${ada.id}`).send({ isActive: false }).expect(200);
    const sql = 'SELECT revoked_reason, revoked_by FROM sessions WHERE user_id = $1 ORDER BY id';
    expect(await first.database.query(sql, [ada.id])).toEqual([
      { revoked_reason: 'logout', revoked_by: ada.id },
      { revoked_reason: 'user_deactivated', revoked_by: admin.id },
    ]);
  });

  it('reports an inactive user before its own revocation or expiry', async () => {
    const [revoked, expired] = [await buildSignedIn(first), await buildSignedIn(first)];
    await first.as(revoked.accessToken).post('/auth/logout').expect(204);
    await first.database.query('UPDATE sessions SET idle_expires_at = now() WHERE id = $1', [expired.sessionId]);
    await first.database.query('UPDATE users SET is_active = false WHERE id = ANY($1)', [[revoked.id, expired.id]]);
    expect(await nextAnswers(revoked)).toEqual(['user_inactive']);
    expect(await nextAnswers(expired)).toEqual(['user_inactive']);
  });

  it('reports its revocation before its expiry', async () => {
    const ada = await buildSignedIn(first);
    await first.as(ada.accessToken).post('/auth/logout').expect(204);
    await first.database.query('UPDATE sessions SET idle_expires_at = now() WHERE id = $1', [ada.sessionId]);
    expect(await nextAnswers(ada)).toEqual(['session_revoked logout']);
  });

  it('does not end other sessions of its user', async () => {
    const ada = await buildSignedIn(first);
    const phone = await signIn(second, ada);
    await first.as(ada.accessToken).post('/auth/logout').expect(204);
    expect((await second.as(phone.accessToken).get('/users/me')).status).toBe(200);
  });
});

describe('a changed user', () => {
  const deactivate = ({ id }: BuiltUser) =>
    first.as(admin.accessToken).patch(`/admin/users/${id}`).send({ isActive: false }).expect(200);
  const login = ({ email, password }: BuiltUser, app = second) =>
    app.request.post('/auth/login').send({ email, password });
  const activeSessions = ({ id }: BuiltUser) =>
    first.database.query('SELECT id FROM sessions WHERE user_id = $1 AND revoked_at IS NULL', [id]);

  it('has the new role on the next request to every instance', async () => {
    const ada = await buildSignedIn(first);
    for (let round = 0; round < 2; round++) {
      const role = round % 2 === 0 ? 'admin' : 'user';
      await first.as(admin.accessToken).patch(`/admin/users/${ada.id}`).send({ role }).expect(200);
      for (const app of [second, first]) {
        await app
          .as(ada.accessToken)
          .get('/admin/users')
          .expect(role === 'admin' ? 200 : 403);
        expect((await app.as(ada.accessToken).get('/users/me')).body.role).toBe(role);
      }
    }
  });

  it('cannot sign in while inactive, with the same error as a stranger', async () => {
    const ada = await buildUser(first);
    await deactivate(ada);
    expectProblem(await login(ada), 401, 'invalid_credentials');
  });

  it('has no session after a deactivation during many sign-ins', async () => {
    for (let round = 0; round < rounds(2, 100); round++) {
      const ada = await buildUser(first);
      const logins = Array.from({ length: 6 }, (_, i) => login(ada, i % 2 === 0 ? first : second));
      const [, ...answers] = await Promise.all([deactivate(ada), ...logins]);
      expect(answers.map((answer) => answer.status).filter((status) => ![200, 401].includes(status))).toEqual([]);
      expect(await activeSessions(ada)).toEqual([]);
    }
  });

  it('waits for a bulk revocation before it is deleted', async () => {
    const options = encodeURIComponent('-c enable_indexscan=off -c enable_bitmapscan=off');
    const env = { DATABASE_URL: `${first.database.url}?options=${options}` };
    const byTable = await TestApp.start({ database: first.database, env });
    const ada = await buildUser(first);
    const ids = Array.from({ length: 3 }, newId);
    // The deletion reads the rows in the order of their insertion, and the revocation in ID order.
    await first.database.query(
      `INSERT INTO sessions (id, user_id, refresh_salt, idle_expires_at, expires_at)
       SELECT id, $2, decode(repeat('00', 32), 'hex'), now() + interval '1 day', now() + interval '1 day'
         FROM unnest($1::uuid[]) AS id ORDER BY id DESC`,
      [ids, ada.id],
    );
    const lock = `SELECT FROM sessions WHERE id = '${ids[1]}' FOR UPDATE`;
    const answers = await first.database.withLock(lock, async () => {
      const revoked = second.as(admin.accessToken).post('/admin/sessions/revoke').send({ userId: ada.id }).then();
      await until('the revocation waits', async () => (await first.database.waiting()).length === 1);
      const deleted = byTable.as(admin.accessToken).delete(`/admin/users/${ada.id}`).then();
      await until('the deletion waits', async () => (await first.database.waiting()).length === 2);
      return [revoked, deleted];
    });
    expect((await Promise.all(answers)).map((answer) => answer.status)).toEqual([200, 204]);
  });

  it('leaves no session when deleted during sign-ins and sign-outs', async () => {
    for (let round = 0; round < rounds(3, 100); round++) {
      const ada = await buildSignedIn(first);
      const devices = await Promise.all(Array.from({ length: 4 }, () => signIn(first, ada)));
      const answers = await Promise.all([
        first.as(admin.accessToken).delete(`/admin/users/${ada.id}`),
        login(ada),
        second.as(admin.accessToken).post('/admin/sessions/revoke').send({ userId: ada.id }),
        ...devices.map((device) => second.as(device.accessToken).delete('/sessions?scope=all')),
      ]);
      expect(answers.map((answer) => answer.status).filter((status) => ![200, 204, 401].includes(status))).toEqual([]);
      expect(await first.database.query('SELECT id FROM sessions WHERE user_id = $1', [ada.id])).toEqual([]);
    }
  });
});
