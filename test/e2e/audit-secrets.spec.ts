import { RejectionRecorder } from '../../src/platform/audit/rejection.recorder.js';
import { buildSignedIn } from '../support/builders.js';
import { issueToken } from '../support/one-time-tokens.js';
import { TestApp } from '../support/test-app.js';

const PASSWORDS = ['violet anchors at noon', 'a lighthouse of turnips', 'nine kites over Lisbon', 'wrong but mine'];
/** A password that was typed into the email field. */
const SLIP = 'my-own-passphrase@example.com';

describe('audit events', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  afterAll(() => app.close());

  it('contain no password, token, hash, key, name or typed email', async () => {
    const secrets = new Set([...PASSWORDS, SLIP, 'Ada Lovelace', 'ada@example.com']);
    const [first = '', second = '', third = '', wrong = ''] = PASSWORDS;
    const root = await buildSignedIn(app, 'admin');
    const admin = app.as(root.accessToken);
    const remember = (pair: { accessToken: string; refreshToken: string }) =>
      [pair.accessToken, pair.refreshToken].forEach((token) => secrets.add(token));
    const rememberStored = async () => {
      const rows = await app.database.query<{ secret: string }>(`
        SELECT password_hash AS secret FROM users
        UNION SELECT unnest(ARRAY[encode(refresh_salt, 'hex'), encode(refresh_salt, 'base64')]) FROM sessions
        UNION SELECT unnest(ARRAY[encode(hash, 'hex'), encode(hash, 'base64')]) FROM one_time_tokens`);
      for (const { secret } of rows) secrets.add(secret);
    };
    const login = async (password: string, email = 'ada@example.com') => {
      const { body, status } = await app.request.post('/auth/login').send({ email, password, deviceName: 'phone' });
      if (status === 200) remember(body as { accessToken: string; refreshToken: string });
      return body as { accessToken: string; refreshToken: string; user: { id: string }; sessionId: string };
    };
    const refresh = async (refreshToken: string) => {
      const { body, status } = await app.request.post('/auth/refresh').send({ refreshToken });
      if (status === 200) remember(body as { accessToken: string; refreshToken: string });
      return body as { refreshToken: string };
    };
    remember(root);

    const user = { email: 'ada@example.com', password: first, name: 'Ada Lovelace' };
    await app.request.post('/auth/register').send(user).expect(201);
    const ada = await login(first);
    await login(wrong);
    await login(first, SLIP);
    const form = { grant_type: 'password', username: SLIP, password: wrong };
    await app.request.post('/auth/token').type('form').send(form).expect(400);
    const reused = (await login(first)).refreshToken;
    await refresh((await refresh(reused)).refreshToken);
    await refresh(reused);
    const own = app.as(ada.accessToken);
    await own.patch('/users/me').send({ name: 'Ada Lovelace' }).expect(200);
    await own.patch('/users/me').send({ name: null }).expect(200);
    await own.get('/admin/users').expect(403);
    await own.delete('/users/me').send({ password: wrong }).expect(401);
    await own.post('/auth/password').send({ currentPassword: wrong, newPassword: second }).expect(401);
    await own.post('/auth/password').send({ currentPassword: first, newPassword: second }).expect(204);
    await app.request.post('/auth/password/forgot').send({ email: SLIP }).expect(202);
    await app.request.post('/auth/password/forgot').send({ email: 'ada@example.com' }).expect(202);
    const token = await issueToken(app, 'password_reset', ada.user);
    secrets.add(token);
    await rememberStored();
    await app.request.post('/auth/password/reset').send({ token, newPassword: third }).expect(204);
    await own.get('/users/me').expect(401);
    await refresh(ada.refreshToken);
    const again = await login(third);
    await admin.patch(`/admin/sessions/${again.sessionId}`).send({ expiresAt: new Date().toISOString() }).expect(200);
    await admin.post('/admin/sessions/revoke').send({ userId: ada.user.id }).expect(200);
    await admin.patch(`/admin/users/${ada.user.id}`).send({ role: 'admin', name: 'Ada Lovelace' }).expect(200);
    await admin.patch(`/admin/users/${ada.user.id}`).send({ isActive: false }).expect(200);
    await login(third);
    await admin
      .post('/admin/users')
      .send({ ...user, email: 'new@example.com', password: second })
      .expect(201);
    await rememberStored();
    await admin.delete(`/admin/users/${ada.user.id}`).expect(204);
    await app.app.get(RejectionRecorder).flush();

    const rows = await app.database.query<{ text: string }>('SELECT to_jsonb(e)::text AS text FROM audit_events e');
    expect(rows.length).toBeGreaterThan(20);
    const events = rows.map(({ text }) => text).join('\n');
    const found = [...secrets].filter((secret) => events.includes(secret) || events.includes(JSON.stringify(secret)));
    expect(found).toEqual([]);
    expect(secrets.size).toBeGreaterThan(30);
  });
});
