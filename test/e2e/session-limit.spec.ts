import type { Response } from 'supertest';
import { mailKinds } from '../support/account-records.js';
import { buildUser, signIn, type BuiltUser } from '../support/builders.js';
import { cookieHeaderAfter } from '../support/cookies.js';
import { expectProblem } from '../support/expect-problem.js';
import { TestApp } from '../support/test-app.js';

/** Returns the IDs of the user’s sessions that are not revoked, oldest first. */
async function activeSessions(app: TestApp, { id }: BuiltUser): Promise<string[]> {
  const rows = await app.database.query<{ id: string }>(
    'SELECT id FROM sessions WHERE user_id = $1 AND revoked_at IS NULL ORDER BY created_at, id',
    [id],
  );
  return rows.map((row) => row.id);
}

/** Signs in with a browser whose cookie is from an earlier response. */
function signInWithCookie(app: TestApp, { email, password }: BuiltUser, earlier?: Response) {
  const cookie = earlier ? cookieHeaderAfter(earlier) : '';
  const request = app.request.post('/auth/login').set({ Origin: app.url, Cookie: cookie });
  return request.send({ email, password, tokenDelivery: 'cookie' });
}

/** Sends 50 parallel sign-ins to two instances. Returns the number of responses of each kind. */
async function signInInParallel(
  apps: [TestApp, TestApp],
  { email, password }: BuiltUser,
): Promise<Record<string, number>> {
  const send = async (app: TestApp) => app.request.post('/auth/login').send({ email, password });
  const answers = await Promise.all(Array.from({ length: 25 }, () => apps.map(send)).flat());
  const counts: Record<string, number> = {};
  for (const { status, body } of answers) {
    const kind = status === 200 ? '200' : `${status} ${body.code}`;
    counts[kind] = (counts[kind] ?? 0) + 1;
  }
  return counts;
}

describe('SESSION_LIMIT_POLICY=evict_oldest', () => {
  let app: TestApp;
  let other: TestApp;
  beforeAll(async () => ([app, other] = await TestApp.startTwo({ env: { MAX_SESSIONS_PER_USER: '3' } })));
  afterAll(() => app.close());

  it('revokes the oldest session at a sign-in beyond the limit', async () => {
    const ada = await buildUser(app);
    const oldest = await signIn(app, ada);
    const others = [await signIn(app, ada), await signIn(app, ada)];
    const newest = await signIn(app, ada);
    const answer = await app.as(oldest.accessToken).get('/users/me');
    expectProblem(answer, 401, 'session_revoked');
    expect(answer.body.reason).toBe('session_limit');
    expect(await activeSessions(app, ada)).toEqual([...others, newest].map(({ sessionId }) => sessionId));
  });

  it('still knows the device whose session a sign-in revokes', async () => {
    const ada = await buildUser(app);
    const { email, password } = ada;
    for (const userAgent of ['laptop', 'phone', 'phone', 'laptop']) {
      await app.request.post('/auth/login').set('User-Agent', userAgent).send({ email, password }).expect(200);
    }
    // The mail is about the first sign-in from the phone.
    expect((await mailKinds(app, ada)).filter((kind) => kind === 'new_device')).toHaveLength(1);
  });

  it('revokes no other session if a browser replaces its own', async () => {
    const ada = await buildUser(app);
    const others = [await signIn(app, ada), await signIn(app, ada)];
    const first = await signInWithCookie(app, ada).expect(200);
    const second = await signInWithCookie(app, ada, first).expect(200);
    const ids = others.map(({ sessionId }) => sessionId);
    expect(await activeSessions(app, ada)).toEqual([...ids, second.body.sessionId]);
  });

  it('does not count ended sessions', async () => {
    const ada = await buildUser(app);
    const [first, second, third] = [await signIn(app, ada), await signIn(app, ada), await signIn(app, ada)];
    await app.as(third.accessToken).post('/auth/logout').expect(204);
    await app.database.query(`UPDATE sessions SET idle_expires_at = now() - interval '1 second' WHERE id = $1`, [
      second.sessionId,
    ]);
    await signIn(app, ada);
    await signIn(app, ada);
    await app.as(first.accessToken).get('/users/me').expect(200);
  });

  it('does not count sessions of other users', async () => {
    const [ada, eve] = [await buildUser(app), await buildUser(app)];
    const first = await signIn(app, ada);
    for (let times = 0; times < 4; times += 1) await signIn(app, eve);
    await app.as(first.accessToken).get('/users/me').expect(200);
  });

  it('keeps exactly the limit under 50 parallel sign-ins, which all succeed', async () => {
    const ada = await buildUser(app);
    expect(await signInInParallel([app, other], ada)).toEqual({ 200: 50 });
    expect(await activeSessions(app, ada)).toHaveLength(3);
  });

  it('revokes all surplus sessions at the first sign-in with a lower limit', async () => {
    const strict = await TestApp.start({ database: app.database, env: { MAX_SESSIONS_PER_USER: '1' } });
    const ada = await buildUser(app);
    for (let times = 0; times < 3; times += 1) await signIn(app, ada);
    const { sessionId } = await signIn(strict, ada);
    await strict.close();
    expect(await activeSessions(app, ada)).toEqual([sessionId]);
  });

  it('does not deadlock when sessions are evicted and revoked concurrently', async () => {
    const ada = await buildUser(app);
    const { accessToken } = await signIn(app, ada);
    const statuses = new Set<number>();
    for (let round = 0; round < 10; round += 1) {
      const sent = Array.from({ length: 10 }, (_, i) =>
        i % 2
          ? app.request.post('/auth/login').send({ email: ada.email, password: ada.password })
          : other.as(accessToken).delete('/sessions').query({ scope: 'others' }),
      );
      for (const { status } of await Promise.all(sent)) statuses.add(status);
    }
    expect([...statuses].filter((status) => status !== 200 && status !== 401)).toEqual([]);
  });
});

describe('SESSION_LIMIT_POLICY=reject', () => {
  let app: TestApp;
  let other: TestApp;
  beforeAll(async () => {
    const env = { MAX_SESSIONS_PER_USER: '3', SESSION_LIMIT_POLICY: 'reject' };
    [app, other] = await TestApp.startTwo({ env });
  });
  afterAll(() => app.close());

  const login = ({ email, password }: BuiltUser) => app.request.post('/auth/login').send({ email, password });

  it('rejects a sign-in beyond the limit until another session ends', async () => {
    const ada = await buildUser(app);
    const first = await signIn(app, ada);
    const others = [await signIn(app, ada), await signIn(app, ada)];
    expectProblem(await login(ada), 409, 'session_limit_reached');
    expect(await activeSessions(app, ada)).toEqual([first, ...others].map(({ sessionId }) => sessionId));
    await app.as(first.accessToken).post('/auth/logout').expect(204);
    await login(ada).expect(200);
  });

  it('accepts a sign-in that replaces the session of its browser', async () => {
    const [ada, eve] = [await buildUser(app), await buildUser(app)];
    const first = await signInWithCookie(app, ada).expect(200);
    const others = [await signIn(app, ada), await signIn(app, ada)];
    const second = await signInWithCookie(app, ada, first).expect(200);
    expect(await activeSessions(app, ada)).toEqual([
      ...others.map(({ sessionId }) => sessionId),
      second.body.sessionId,
    ]);
    const ofEve = await signInWithCookie(app, eve).expect(200);
    expectProblem(await signInWithCookie(app, ada, ofEve), 409, 'session_limit_reached');
    expect(await activeSessions(app, eve)).toEqual([ofEve.body.sessionId]);
  });

  it('reports the limit to OAuth clients as invalid_grant', async () => {
    const ada = await buildUser(app);
    for (let times = 0; times < 3; times += 1) await signIn(app, ada);
    const form = { grant_type: 'password', username: ada.email, password: ada.password };
    const { body } = await app.request.post('/auth/token').type('form').send(form).expect(400);
    expect(body).toEqual({ error: 'invalid_grant', error_description: expect.stringContaining('too many devices') });
  });

  it('does not report the limit after a wrong password', async () => {
    const ada = await buildUser(app);
    for (let times = 0; times < 3; times += 1) await signIn(app, ada);
    expectProblem(await login({ ...ada, password: 'eight lanterns at dawn' }), 401, 'invalid_credentials');
  });

  it('keeps exactly the limit under 50 parallel sign-ins and rejects the rest', async () => {
    const ada = await buildUser(app);
    expect(await signInInParallel([app, other], ada)).toEqual({ 200: 3, '409 session_limit_reached': 47 });
    expect(await activeSessions(app, ada)).toHaveLength(3);
  });
});
