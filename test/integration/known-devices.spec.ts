import type { Client } from '../../src/common/client.js';
import { Database } from '../../src/platform/database/database.js';
import { KnownDevicesRepository } from '../../src/sessions/known-devices.repository.js';
import { buildUser, type BuiltUser } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

const HOME: Client = { ipAddress: '203.0.113.7', userAgent: 'Firefox' };
const ELSEWHERE: Client = { ipAddress: '198.51.100.1', userAgent: 'curl' };

describe('known devices', () => {
  let app: TestApp;
  let ada: BuiltUser;
  beforeAll(async () => {
    app = await TestApp.start({ env: { TRUST_PROXY: 'loopback' } });
    ada = await buildUser(app);
  });
  beforeEach(() => app.database.query('TRUNCATE sessions'));
  afterAll(() => app.close());

  /** Signs in from a device and returns the refresh token. */
  async function signIn({ ipAddress, userAgent }: Client, user = ada): Promise<string> {
    const { email, password } = user;
    const request = app.request.post('/auth/login').set('X-Forwarded-For', ipAddress ?? '');
    const { body } = await request.set('User-Agent', userAgent ?? '').send({ email, password });
    return body.refreshToken as string;
  }
  const recognize = (device: Client, account: { id: string } | { email: string } = { id: ada.id }) =>
    app.app.get(Database).run((manager) => app.app.get(KnownDevicesRepository).recognize(manager, account, device));
  /** Makes every session expire this long ago. */
  const expire = (ago: string) =>
    app.database.query(`UPDATE sessions SET idle_expires_at = now() - $1::interval`, [ago]);

  it('do not exist before the first sign-in', async () => {
    expect(await recognize(HOME)).toBeNull();
  });

  it('have the same user agent and IP address as an earlier sign-in', async () => {
    await signIn(HOME);
    expect(await recognize(HOME)).toMatch(/^seen /);
    expect(await recognize({ ...HOME, userAgent: 'Chrome' })).toBeNull();
    expect(await recognize({ ...HOME, userAgent: null })).toBeNull();
    expect(await recognize({ ...HOME, ipAddress: '203.0.113.8' })).toBeNull();
    expect(await recognize({ ...HOME, ipAddress: null })).toBeNull();
  });

  it('have a stable and distinct identifier', async () => {
    const [home, work] = [HOME, { ...HOME, ipAddress: '203.0.113.99' }];
    await signIn(home);
    await signIn(work);
    const before = await recognize(home);
    await signIn(home);
    expect(await recognize(home)).toBe(before);
    expect(await recognize(work)).not.toBe(before);
  });

  it('do not include API keys', async () => {
    await app.database.query(
      `INSERT INTO sessions (id, user_id, kind, refresh_salt, user_agent, ip_address, idle_expires_at, expires_at)
       VALUES (gen_random_uuid(), $1, 'key', decode(repeat('00', 32), 'hex'), $2, $3, now() + interval '1 day',
               now() + interval '1 day')`,
      [ada.id, HOME.userAgent, HOME.ipAddress],
    );
    expect(await recognize(HOME)).toBeNull();
  });

  it('may change their IP address within one IPv6 /64 only', async () => {
    await signIn({ ...HOME, ipAddress: '2001:db8:a:b::1' });
    expect(await recognize({ ...HOME, ipAddress: '2001:db8:a:b:ffff::2' })).toMatch(/^seen /);
    expect(await recognize({ ...HOME, ipAddress: '2001:db8:a:c::1' })).toBeNull();
  });

  it('are proven from any IP address by a refresh token of any age', async () => {
    const refreshToken = await signIn(HOME);
    const before = await recognize({ ...ELSEWHERE, refreshToken });
    expect(before).toMatch(/^session /);
    await app.request.post('/auth/refresh').send({ refreshToken }).expect(200);
    expect(await recognize({ ...ELSEWHERE, refreshToken })).toBe(before);
  });

  it('are not proven by a forged, foreign or malformed token', async () => {
    const genuine = await signIn(HOME);
    const foreign = await signIn(ELSEWHERE, await buildUser(app));
    const forged = (genuine.endsWith('A') ? 'B' : 'A') + genuine.slice(1, -4) + 'AAAA';
    const otherMac = genuine.slice(0, 28) + 'A'.repeat(genuine.length - 28);
    for (const refreshToken of [foreign, forged, otherMac, '', 'nonsense']) {
      expect(await recognize({ ...ELSEWHERE, refreshToken })).toBeNull();
    }
  });

  it('are remembered for 30 days after their session expired', async () => {
    const refreshToken = await signIn(HOME);
    await expire('29 days');
    expect(await recognize(HOME)).toMatch(/^seen /);
    expect(await recognize({ ...ELSEWHERE, refreshToken })).toMatch(/^session /);
    await expire('31 days');
    expect(await recognize(HOME)).toBeNull();
    expect(await recognize({ ...ELSEWHERE, refreshToken })).toBeNull();
  });

  it('are forgotten when their session is revoked', async () => {
    const refreshToken = await signIn(HOME);
    await app.database.query(`UPDATE sessions SET revoked_at = now(), revoked_reason = 'admin'`);
    expect(await recognize(HOME)).toBeNull();
    expect(await recognize({ ...ELSEWHERE, refreshToken })).toBeNull();
  });

  describe('that signed out', () => {
    const signOut = (ago: string) =>
      app.database.query(`UPDATE sessions SET revoked_at = now() - $1::interval, revoked_reason = 'logout'`, [ago]);
    const changePassword = (ago: string | null) =>
      app.database.query('UPDATE users SET password_changed_at = now() - $1::interval', [ago]);
    afterEach(() => changePassword(null));

    it('are remembered for 30 days', async () => {
      const refreshToken = await signIn(HOME);
      await signOut('29 days');
      expect(await recognize(HOME)).toMatch(/^seen /);
      expect(await recognize({ ...ELSEWHERE, refreshToken })).toMatch(/^session /);
      await signOut('31 days');
      expect(await recognize(HOME)).toBeNull();
    });

    it('are forgotten when the password changes', async () => {
      await signIn(HOME);
      await signOut('2 minutes');
      await changePassword('3 minutes');
      expect(await recognize(HOME)).toMatch(/^seen /);
      await changePassword('1 minute');
      expect(await recognize(HOME)).toBeNull();
    });
  });

  it('are found by email, ignoring case, but never for an unknown email', async () => {
    const refreshToken = await signIn(HOME);
    expect(await recognize(HOME, { email: ada.email.toUpperCase() })).toMatch(/^seen /);
    expect(await recognize({ ...HOME, refreshToken }, { email: 'nobody@example.com' })).toBeNull();
  });
});
