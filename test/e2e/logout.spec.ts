import { buildSignedIn, buildUser, signIn } from '../support/builders.js';
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

  it('allows the user to sign in again', async () => {
    const ada = await buildSignedIn(app);
    await app.as(ada.accessToken).post('/auth/logout').expect(204);
    const again = await signIn(app, ada);
    expect(again.sessionId).not.toBe(ada.sessionId);
    await app.as(again.accessToken).get('/users/me').expect(200);
  });
});
