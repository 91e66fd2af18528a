import { buildSignedIn } from '../support/builders.js';
import { sessionRow } from '../support/session-row.js';
import { TestApp } from '../support/test-app.js';

const DAY = 24 * 60 * 60 * 1_000;

describe('the limits of a session', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start()));
  afterAll(() => app.close());

  const refresh = (refreshToken: string) => app.request.post('/auth/refresh').send({ refreshToken });
  /** Sets both limits, each so long from now. */
  const setLimits = (id: string, idle: string, absolute: string) =>
    app.database.query(
      'UPDATE sessions SET idle_expires_at = now() + $2::interval, expires_at = now() + $3::interval WHERE id = $1',
      [id, idle, absolute],
    );

  it('are 30 days idle and 90 days in all', async () => {
    const ada = await buildSignedIn(app);
    const { body } = await app.as(ada.accessToken).get('/sessions/current').expect(200);
    const begun = Date.parse(body.createdAt as string);
    expect(Date.parse(body.idleExpiresAt as string) - begun).toBe(30 * DAY);
    expect(Date.parse(body.expiresAt as string) - begun).toBe(90 * DAY);
  });

  it('are as configured, and idle never lasts longer than the whole', async () => {
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
  ])('end it when the %s one has passed, for its access token and its refresh token', async (_, idle, absolute) => {
    const ada = await buildSignedIn(app);
    await setLimits(ada.sessionId, idle, absolute);
    const answers = [await app.as(ada.accessToken).get('/users/me'), await refresh(ada.refreshToken)];
    const seen = answers.map(({ status, body }) => `${status} ${body.code}`);
    expect(seen).toEqual(['401 session_expired', '401 session_expired']);
  });

  it('let a session live until the last moment', async () => {
    const ada = await buildSignedIn(app);
    await setLimits(ada.sessionId, '20 seconds', '20 seconds');
    await app.as(ada.accessToken).get('/users/me').expect(200);
    const { body } = await refresh(ada.refreshToken).expect(200);
    expect(body.sessionId).toBe(ada.sessionId);
  });

  it('cannot be passed by a refresh: what has expired stays so', async () => {
    const ada = await buildSignedIn(app);
    await setLimits(ada.sessionId, '-1 second', '1 day');
    const before = await sessionRow(app.database, ada.sessionId);
    await refresh(ada.refreshToken).expect(401);
    expect(await sessionRow(app.database, ada.sessionId)).toEqual(before);
  });

  it('are moved by a refresh: the idle one, and never the absolute one', async () => {
    const ada = await buildSignedIn(app);
    await setLimits(ada.sessionId, '1 minute', '60 days');
    const before = await sessionRow(app.database, ada.sessionId);
    await refresh(ada.refreshToken).expect(200);
    const after = await sessionRow(app.database, ada.sessionId);
    expect(after.expires_at).toEqual(before.expires_at);
    expect(after.idle_expires_at.getTime() - Number(after.refreshed_at)).toBe(30 * DAY);
  });

  it('meet, when a refresh would move the idle one past the absolute one', async () => {
    const ada = await buildSignedIn(app);
    await setLimits(ada.sessionId, '1 minute', '1 hour');
    const before = await sessionRow(app.database, ada.sessionId);
    await refresh(ada.refreshToken).expect(200);
    const after = await sessionRow(app.database, ada.sessionId);
    expect([after.expires_at, after.idle_expires_at]).toEqual([before.expires_at, before.expires_at]);
  });

  it('stay where they are when the session is merely used', async () => {
    const ada = await buildSignedIn(app);
    const before = await sessionRow(app.database, ada.sessionId);
    await app.as(ada.accessToken).get('/users/me').expect(200);
    const { idle_expires_at, expires_at } = await sessionRow(app.database, ada.sessionId);
    expect({ idle_expires_at, expires_at }).toEqual({
      idle_expires_at: before.idle_expires_at,
      expires_at: before.expires_at,
    });
  });

  it('end an access token before its own time', async () => {
    const ada = await buildSignedIn(app);
    await app.as(ada.accessToken).get('/users/me').expect(200);
    await setLimits(ada.sessionId, '-1 millisecond', '-1 millisecond');
    const { body } = await app.as(ada.accessToken).get('/users/me').expect(401);
    expect(body.code).toBe('session_expired');
  });
});
