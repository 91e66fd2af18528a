import { buildSignedIn } from '../support/builders.js';
import { sessionRow } from '../support/session-row.js';
import { TestApp } from '../support/test-app.js';

const DAY = 24 * 60 * 60 * 1_000;

describe('session timeouts', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start()));
  afterAll(() => app.close());

  const refresh = (refreshToken: string) => app.request.post('/auth/refresh').send({ refreshToken });
  /** Sets both timeouts, relative to now. */
  const setTimeouts = (id: string, idle: string, absolute: string) =>
    app.database.query(
      'UPDATE sessions SET idle_expires_at = now() + $2::interval, expires_at = now() + $3::interval WHERE id = $1',
      [id, idle, absolute],
    );

  it('are 30 days (idle) and 90 days (absolute) by default', async () => {
    const ada = await buildSignedIn(app);
    const { body } = await app.as(ada.accessToken).get('/sessions/current').expect(200);
    const begun = Date.parse(body.createdAt as string);
    expect(Date.parse(body.idleExpiresAt as string) - begun).toBe(30 * DAY);
    expect(Date.parse(body.expiresAt as string) - begun).toBe(90 * DAY);
  });

  it('are configurable, and the idle one never exceeds the absolute one', async () => {
    const env = { SESSION_IDLE_TIMEOUT: '12h', SESSION_ABSOLUTE_TIMEOUT: '1h' };
    const short = await TestApp.start({ database: app.database, env });
    const ada = await buildSignedIn(short);
    const { body } = await short.as(ada.accessToken).get('/sessions/current').expect(200);
    await short.close();
    expect(Date.parse(body.expiresAt as string) - Date.parse(body.createdAt as string)).toBe(DAY / 24);
    expect(body.idleExpiresAt).toBe(body.expiresAt);
  });

  it.each([
    ['idle', '-1 second', '1 day'],
    ['absolute', '-1 second', '-1 second'],
  ])('reject the access token and the refresh token once the %s one passed', async (_, idle, absolute) => {
    const ada = await buildSignedIn(app);
    await setTimeouts(ada.sessionId, idle, absolute);
    const answers = [await app.as(ada.accessToken).get('/users/me'), await refresh(ada.refreshToken)];
    const seen = answers.map(({ status, body }) => `${status} ${body.code}`);
    expect(seen).toEqual(['401 session_expired', '401 session_expired']);
  });

  it('keep a session valid until they pass', async () => {
    const ada = await buildSignedIn(app);
    await setTimeouts(ada.sessionId, '20 seconds', '20 seconds');
    await app.as(ada.accessToken).get('/users/me').expect(200);
    const { body } = await refresh(ada.refreshToken).expect(200);
    expect(body.sessionId).toBe(ada.sessionId);
  });

  it('cannot be extended after they passed', async () => {
    const ada = await buildSignedIn(app);
    await setTimeouts(ada.sessionId, '-1 second', '1 day');
    const before = await sessionRow(app.database, ada.sessionId);
    await refresh(ada.refreshToken).expect(401);
    expect(await sessionRow(app.database, ada.sessionId)).toEqual(before);
  });

  it('let a refresh extend the idle one, and never the absolute one', async () => {
    const ada = await buildSignedIn(app);
    await setTimeouts(ada.sessionId, '1 minute', '60 days');
    const before = await sessionRow(app.database, ada.sessionId);
    await refresh(ada.refreshToken).expect(200);
    const after = await sessionRow(app.database, ada.sessionId);
    expect(after.expires_at).toEqual(before.expires_at);
    expect(after.idle_expires_at.getTime() - Number(after.refreshed_at)).toBe(30 * DAY);
  });

  it('limit the idle one to the absolute one at a refresh', async () => {
    const ada = await buildSignedIn(app);
    await setTimeouts(ada.sessionId, '1 minute', '1 hour');
    const before = await sessionRow(app.database, ada.sessionId);
    await refresh(ada.refreshToken).expect(200);
    const after = await sessionRow(app.database, ada.sessionId);
    expect([after.expires_at, after.idle_expires_at]).toEqual([before.expires_at, before.expires_at]);
  });

  it('are not extended by other requests', async () => {
    const ada = await buildSignedIn(app);
    const before = await sessionRow(app.database, ada.sessionId);
    await app.as(ada.accessToken).get('/users/me').expect(200);
    const { idle_expires_at, expires_at } = await sessionRow(app.database, ada.sessionId);
    expect({ idle_expires_at, expires_at }).toEqual({
      idle_expires_at: before.idle_expires_at,
      expires_at: before.expires_at,
    });
  });

  it('invalidate an access token before its own expiry', async () => {
    const ada = await buildSignedIn(app);
    await app.as(ada.accessToken).get('/users/me').expect(200);
    await setTimeouts(ada.sessionId, '-1 millisecond', '-1 millisecond');
    const { body } = await app.as(ada.accessToken).get('/users/me').expect(401);
    expect(body.code).toBe('session_expired');
  });
});
