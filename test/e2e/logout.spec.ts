import { buildSignedIn, buildUser, signIn, type SignedIn } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { forgeToken } from '../support/forge-token.js';
import { rounds } from '../support/rounds.js';
import { sessionRow } from '../support/session-row.js';
import { TestApp } from '../support/test-app.js';

describe('POST /auth/logout', () => {
  let app: TestApp;
  let other: TestApp;
  beforeAll(async () => ([app, other] = await TestApp.startTwo()));
  afterAll(() => app.close());

  it('returns 204 without a body', async () => {
    const ada = await buildSignedIn(app);
    const { text, headers } = await app.as(ada.accessToken).post('/auth/logout').expect(204);
    expect(text).toBe('');
    expect(headers['cache-control']).toBe('no-store');
  });

  it('takes effect on the next request on every instance', async () => {
    const ada = await buildUser(app);
    const seen = new Set<string>();
    for (let i = 0; i < rounds(25, 100); i += 1) {
      const [here, there] = i % 2 ? [app, other] : [other, app];
      const session = await signIn(here, ada);
      await here.as(session.accessToken).post('/auth/logout').expect(204);
      const { refreshToken } = session;
      const answers = await Promise.all([
        here.as(session.accessToken).get('/users/me'),
        there.as(session.accessToken).get('/users/me'),
        there.request.post('/auth/refresh').send({ refreshToken }),
      ]);
      for (const { status, body } of answers) seen.add(`${status} ${body.code} ${body.reason}`);
    }
    expect([...seen]).toEqual(['401 session_revoked logout']);
  });

  it('stores the user, the time and the reason', async () => {
    const ada = await buildSignedIn(app);
    await app.as(ada.accessToken).post('/auth/logout').expect(204);
    expect(await sessionRow(app.database, ada.sessionId)).toMatchObject({
      revoked_at: expect.any(Date),
      revoked_reason: 'logout',
      revoked_by: ada.id,
    });
  });

  it('revokes only the current session', async () => {
    const ada = await buildUser(app);
    const [one, two] = [await signIn(app, ada), await signIn(app, ada)];
    await app.as(one.accessToken).post('/auth/logout').expect(204);
    const { body } = await app.as(two.accessToken).get('/sessions').expect(200);
    expect((body.items as { id: string }[]).map(({ id }) => id)).toEqual([two.sessionId]);
  });

  it('returns 401 for a revoked session', async () => {
    const ada = await buildSignedIn(app);
    await app.as(ada.accessToken).post('/auth/logout').expect(204);
    const { body, headers } = await app.as(ada.accessToken).post('/auth/logout').expect(401);
    expect(body).toMatchObject({ code: 'session_revoked', reason: 'logout' });
    expect(headers['www-authenticate']).toBe('Bearer error="invalid_token"');
  });

  it('returns 204 or 401 to twenty concurrent requests', async () => {
    const ada = await buildSignedIn(app);
    const answers = await Promise.all(
      Array.from({ length: 20 }, (_, i) => (i % 2 ? app : other).as(ada.accessToken).post('/auth/logout')),
    );
    const statuses = new Set(answers.map(({ status }) => status));
    expect(statuses).toContain(204);
    expect([...statuses].filter((status) => status !== 204 && status !== 401)).toEqual([]);
  });

  it('requires an access token', async () => {
    const { body, headers } = await app.request.post('/auth/logout').expect(401);
    expect(body.code).toBe('token_missing');
    expect(headers['www-authenticate']).toBe('Bearer');
  });

  it.each([
    ['malformed JSON', 'application/json', '{"refreshToken":'],
    ['a scalar', 'application/json', '7'],
    ['an array', 'application/json', '[{}]'],
    ['an unknown field', 'application/json', '{"refresh_token":"x"}'],
    ['a poisoned key', 'application/json', '{"__proto__":{"refreshToken":"x"}}'],
    ['a field of another type', 'application/json', '{"refreshToken":{"a":1}}'],
    ['more than 100 kB', 'application/json', JSON.stringify({ refreshToken: 'x'.repeat(110_000) })],
    ['invalid UTF-8', 'application/json', Buffer.from('{"refreshToken":"\xff"}', 'latin1')],
    ['a form', 'application/x-www-form-urlencoded', 'refreshToken=x'],
  ])('ends the session of a valid access token despite a body with %s', async (_, type, body) => {
    const ada = await buildSignedIn(app);
    const send = (request: ReturnType<typeof app.request.post>) =>
      request
        .set('Content-Type', type)
        .serialize((text: string | Buffer) => text as string)
        .send(body);
    await send(app.as(ada.accessToken).post('/auth/logout')).expect(204);
    expect((await sessionRow(app.database, ada.sessionId)).revoked_reason).toBe('logout');
    expect((await send(app.request.post('/auth/logout'))).status).toBeGreaterThanOrEqual(400);
  });

  it('rejects malformed JSON without a valid access token', async () => {
    const send = () =>
      app.request.post('/auth/logout').set('Content-Type', 'application/json').send('{"refreshToken":');
    expectProblem(await send(), 400, 'malformed_body');
    expectProblem(await send().set('Authorization', 'Bearer x'), 400, 'malformed_body');
  });

  describe('with a refresh token', () => {
    const signOut = (refreshToken: unknown, at = app) => at.request.post('/auth/logout').send({ refreshToken });
    const refresh = async (refreshToken: string) =>
      (await app.request.post('/auth/refresh').send({ refreshToken }).expect(200)).body.refreshToken as string;
    const reasonOf = async ({ sessionId }: SignedIn) => (await sessionRow(app.database, sessionId)).revoked_reason;

    it('works without an access token, on every instance and repeatedly', async () => {
      const ada = await buildSignedIn(app);
      for (const at of [app, other, app]) expect((await signOut(ada.refreshToken, at).expect(204)).text).toBe('');
      const { body } = await other.as(ada.accessToken).get('/users/me').expect(401);
      expect(body).toMatchObject({ code: 'session_revoked', reason: 'logout' });
    });

    it.each([
      ['an expired', (token: string) => forgeToken(token, { claims: { iat: 1, exp: 2 } })],
      ['a malformed', () => 'x'],
    ])('works with %s access token', async (_, change) => {
      const ada = await buildSignedIn(app);
      const { refreshToken } = ada;
      await app.as(change(ada.accessToken)).post('/auth/logout').send({ refreshToken }).expect(204);
      expect(await reasonOf(ada)).toBe('logout');
    });

    it('attributes the sign-out to the user', async () => {
      const ada = await buildSignedIn(app);
      await signOut(ada.refreshToken).expect(204);
      const sql = `SELECT type, reason, actor_id, session_id FROM audit_events WHERE user_id = $1 AND type = 'session_revoked'`;
      expect(await app.database.query(sql, [ada.id])).toEqual([
        { type: 'session_revoked', reason: 'logout', actor_id: ada.id, session_id: ada.sessionId },
      ]);
    });

    it('works with an earlier token of the session', async () => {
      const ada = await buildSignedIn(app);
      await refresh(await refresh(ada.refreshToken));
      await signOut(ada.refreshToken).expect(204);
      expect(await reasonOf(ada)).toBe('logout');
    });

    it('revokes the sessions of both tokens', async () => {
      const ada = await buildUser(app);
      const [one, two, three] = [await signIn(app, ada), await signIn(app, ada), await signIn(app, ada)];
      const { refreshToken } = two;
      await app.as(one.accessToken).post('/auth/logout').send({ refreshToken }).expect(204);
      expect([await reasonOf(one), await reasonOf(two), await reasonOf(three)]).toEqual(['logout', 'logout', null]);
    });

    it('revokes the sessions of both tokens despite an unknown field', async () => {
      const ada = await buildUser(app);
      const [one, two] = [await signIn(app, ada), await signIn(app, ada)];
      const { refreshToken } = two;
      await app.as(one.accessToken).post('/auth/logout').send({ refreshToken, everywhere: false }).expect(204);
      expect([await reasonOf(one), await reasonOf(two)]).toEqual(['logout', 'logout']);
    });

    it('revokes the session of a valid access token even if the refresh token is unknown', async () => {
      const ada = await buildSignedIn(app);
      await app.as(ada.accessToken).post('/auth/logout').send({ refreshToken: 'x' }).expect(204);
      expect(await reasonOf(ada)).toBe('logout');
    });

    it('gives the same response for an unknown token, and revokes nothing', async () => {
      const [ada, deleted] = [await buildSignedIn(app), await buildSignedIn(app)];
      await app.database.query('DELETE FROM sessions WHERE id = $1', [deleted.sessionId]);
      const forged = ada.refreshToken.slice(0, -4) + (ada.refreshToken.endsWith('AAAA') ? 'BBBB' : 'AAAA');
      for (const token of ['x', forged, deleted.refreshToken, ada.accessToken.slice(0, 500)]) {
        const { text, headers } = await signOut(token).expect(204);
        expect([text, headers['ratelimit'], headers['www-authenticate']]).toEqual(['', undefined, undefined]);
      }
      expect(await reasonOf(ada)).toBeNull();
    });

    it.each([[''], [7], [null], [['x']], ['A'.repeat(513)]])('rejects a malformed field: %j', async (refreshToken) => {
      expectProblem(await signOut(refreshToken), 400, 'validation_failed');
    });

    it('returns 204 to twenty concurrent requests and records one event', async () => {
      const ada = await buildSignedIn(app);
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) => signOut(ada.refreshToken, i % 2 ? app : other)),
      );
      expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([204]));
      const sql = `SELECT FROM audit_events WHERE user_id = $1 AND type = 'session_revoked'`;
      expect(await app.database.query(sql, [ada.id])).toHaveLength(1);
    });
  });

  it('returns token_expired for an expired access token without a refresh token', async () => {
    const ada = await buildSignedIn(app);
    const expired = forgeToken(ada.accessToken, { claims: { iat: 1, exp: 2 } });
    expectProblem(await app.as(expired).post('/auth/logout').send({}), 401, 'token_expired');
  });

  it('allows the user to sign in again', async () => {
    const ada = await buildSignedIn(app);
    await app.as(ada.accessToken).post('/auth/logout').expect(204);
    const again = await signIn(app, ada);
    expect(again.sessionId).not.toBe(ada.sessionId);
    await app.as(again.accessToken).get('/users/me').expect(200);
  });
});
