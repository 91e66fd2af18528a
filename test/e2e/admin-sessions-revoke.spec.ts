import { buildSignedIn, buildUser, signIn, type SignedIn } from '../support/builders.js';
import { UNKNOWN_ID } from '../support/constants.js';
import { expectProblem } from '../support/expect-problem.js';
import { insertSessions } from '../support/session-row.js';
import { TestApp } from '../support/test-app.js';
import { TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';

describe('POST /admin/sessions/revoke', () => {
  let app: TestApp;
  let admin: SignedIn;
  beforeAll(async () => {
    app = await TestApp.start();
    admin = await buildSignedIn(app, 'admin');
  });
  afterAll(() => app.close());

  const revoke = (filter: unknown) =>
    app
      .as(admin.accessToken)
      .post('/admin/sessions/revoke')
      .send(filter as object);
  const statusOf = async (session: SignedIn) => (await app.as(session.accessToken).get('/users/me')).status;

  /** Creates a session from this IP address, created this many days ago. */
  const session = async (ipAddress: string, days = 0, user?: SignedIn): Promise<SignedIn> => {
    const signedIn = user ? await signIn(app, user) : await buildSignedIn(app);
    await app.database.query(
      `UPDATE sessions SET ip_address = $2, created_at = now() - $3 * interval '1 day' WHERE id = $1`,
      [signedIn.sessionId, ipAddress, days],
    );
    return signedIn;
  };
  const daysAgo = (days: number) => new Date(Date.now() - days * 86_400_000).toISOString();

  it('revokes all sessions of a user and no others', async () => {
    const ada = await session('203.0.113.1');
    const phone = await session('203.0.113.1', 0, ada);
    const grace = await session('203.0.113.1');
    const { body } = await revoke({ userId: ada.id }).expect(200);
    expect(body).toEqual({ matched: 2, revoked: 2 });
    expect([await statusOf(ada), await statusOf(phone), await statusOf(grace)]).toEqual([401, 401, 200]);
  });

  it('stores the reason and the admin', async () => {
    const ada = await session('203.0.113.1');
    await revoke({ userId: ada.id }).expect(200);
    const sql = 'SELECT revoked_reason, revoked_by FROM sessions WHERE user_id = $1';
    expect(await app.database.query(sql, [ada.id])).toEqual([{ revoked_reason: 'admin', revoked_by: admin.id }]);
  });

  it('revokes all sessions of an IP address and no others', async () => {
    const here = [await session('203.0.113.9'), await session('203.0.113.9')];
    const there = await session('203.0.113.90');
    const { body } = await revoke({ ipAddress: '203.0.113.9' }).expect(200);
    expect(body).toEqual({ matched: 2, revoked: 2 });
    expect([...(await Promise.all(here.map(statusOf))), await statusOf(there)]).toEqual([401, 401, 200]);
  });

  it.each(['2001:db8::42', '2001:DB8:0:0:0:0:0:42', '2001:0db8:0000::0042', '2001:db8::42%eth0'])(
    'matches an IPv6 address written as %s',
    async (ipAddress) => {
      const here = await session('2001:db8::42');
      const there = await session('2001:db8::43');
      const { body } = await revoke({ ipAddress }).expect(200);
      expect(body).toEqual({ matched: 1, revoked: 1 });
      expect([await statusOf(here), await statusOf(there)]).toEqual([401, 200]);
    },
  );

  it('matches an IPv4-mapped IPv6 address', async () => {
    const here = await session('203.0.113.11');
    const { body } = await revoke({ ipAddress: '::ffff:203.0.113.11' }).expect(200);
    expect(body).toEqual({ matched: 1, revoked: 1 });
    expect(await statusOf(here)).toBe(401);
  });

  it('revokes the sessions that were created before a time', async () => {
    const [old, young] = [await session('203.0.113.1', 50), await session('203.0.113.1', 40)];
    const { body } = await revoke({ createdBefore: daysAgo(45) }).expect(200);
    expect(body).toEqual({ matched: 1, revoked: 1 });
    expect([await statusOf(old), await statusOf(young)]).toEqual([401, 200]);
  });

  it('revokes only the sessions that match every filter', async () => {
    const ada = await session('203.0.113.20', 5);
    const young = await session('203.0.113.20', 1, ada);
    const elsewhere = await session('203.0.113.21', 5, ada);
    const grace = await session('203.0.113.20', 5);
    const filter = { userId: ada.id, ipAddress: '203.0.113.20', createdBefore: daysAgo(3) };
    const { body } = await revoke(filter).expect(200);
    expect(body).toEqual({ matched: 1, revoked: 1 });
    const statuses = await Promise.all([ada, young, elsewhere, grace].map(statusOf));
    expect(statuses).toEqual([401, 200, 200, 200]);
  });

  it('counts the sessions without revoking them in a dry run', async () => {
    const ada = await session('203.0.113.1');
    const { body } = await revoke({ userId: ada.id, dryRun: true }).expect(200);
    expect(body).toEqual({ matched: 1, revoked: 0 });
    expect(await statusOf(ada)).toBe(200);
  });

  it('revokes the sessions if dryRun is false', async () => {
    const ada = await session('203.0.113.1');
    const { body } = await revoke({ userId: ada.id, dryRun: false }).expect(200);
    expect(body).toEqual({ matched: 1, revoked: 1 });
    expect(await statusOf(ada)).toBe(401);
  });

  it('matches only active sessions and keeps the reason of revoked ones', async () => {
    const ada = await session('203.0.113.1');
    const expired = await session('203.0.113.1', 0, ada);
    await app.as(ada.accessToken).post('/auth/logout').expect(204);
    await app.database.query('UPDATE sessions SET idle_expires_at = now() WHERE id = $1', [expired.sessionId]);
    for (const dryRun of [true, false]) {
      const { body } = await revoke({ userId: ada.id, dryRun }).expect(200);
      expect(body).toEqual({ matched: 0, revoked: 0 });
    }
    expect((await app.as(ada.accessToken).get('/users/me')).body.reason).toBe('logout');
  });

  it('can revoke the session of the admin who calls it', async () => {
    const other = await buildSignedIn(app, 'admin');
    const { body } = await app
      .as(other.accessToken)
      .post('/admin/sessions/revoke')
      .send({ userId: other.id })
      .expect(200);
    expect(body).toEqual({ matched: 1, revoked: 1 });
    expect(await statusOf(other)).toBe(401);
  });

  it.each<[string, object]>([
    ['no filter', {}],
    ['a dry run without a filter', { dryRun: true }],
    ['an unknown filter', { olderThan: '2026-01-15T09:30:00Z' }],
    ['null as the user', { userId: null }],
    ['a user that is not an ID', { userId: 'ada' }],
    ['a list of users', { userId: [UNKNOWN_ID] }],
    ['null as the IP address', { ipAddress: null }],
    ['a host name as the IP address', { ipAddress: 'localhost' }],
    ['a network', { ipAddress: '203.0.113.0/24' }],
    ['a number as the IP address', { ipAddress: 3_405_803_777 }],
    ['an IP address in octal', { ipAddress: '0313.0.0161.07' }],
    ['an IPv6 zone with a line break', { ipAddress: 'fe80::1%a\nb' }],
    ['a date that does not exist', { createdBefore: '2026-02-30T00:00:00Z' }],
    ['a date without a time', { createdBefore: '2026-01-15' }],
    ['a number as the time', { createdBefore: 1_768_469_400_000 }],
    ['null as the time', { createdBefore: null }],
    ['a string as dryRun', { userId: UNKNOWN_ID, dryRun: 'true' }],
    ['null as dryRun', { userId: UNKNOWN_ID, dryRun: null }],
    ['a list of filters', [{ userId: UNKNOWN_ID }]],
  ])('rejects %s and revokes nothing', async (_, filter) => {
    expectProblem(await revoke(filter), 400, 'validation_failed');
    expect(await statusOf(admin)).toBe(200);
  });

  it('revokes each session once across concurrent requests', async () => {
    const ada = await session('203.0.113.1');
    await Promise.all(Array.from({ length: 9 }, () => signIn(app, ada)));
    const answers = await Promise.all(Array.from({ length: 6 }, () => revoke({ userId: ada.id })));
    expect(answers.reduce((sum, { body }) => sum + Number(body.revoked), 0)).toBe(10);
  });
});

describe('two concurrent bulk revocations', () => {
  const IP_ADDRESS = '203.0.113.9';
  const IDS = [1, 2, 3].map((n) => `ffffffff-ffff-7fff-bfff-00000000000${n}`);
  /** By these plans, the first one would lock rows in table order and the second one in ID order. */
  const PLANS = ['-c enable_nestloop=off', '-c enable_hashjoin=off'];
  let database: TestDatabase;
  let byTable: TestApp;
  let byId: TestApp;
  beforeAll(async () => {
    database = await TestDatabase.create();
    const start = (plan = '') => {
      const options = `-c enable_seqscan=off -c enable_bitmapscan=off -c enable_mergejoin=off ${plan}`;
      const env = {
        DATABASE_URL: `${database.url}?options=${encodeURIComponent(options)}`,
        DB_STATEMENT_TIMEOUT: '1m',
      };
      return TestApp.start({ database, env });
    };
    byTable = await start(PLANS[0]);
    byId = await start(PLANS[1]);
  });
  afterAll(async () => {
    await byTable.close();
    await byId.close();
    await database.drop();
  });

  it('both succeed if they read the rows in opposite orders', async () => {
    const [admin, ada, eve] = [await buildSignedIn(byId, 'admin'), await buildSignedIn(byId), await buildUser(byId)];
    await database.query(
      `INSERT INTO sessions (id, user_id, refresh_salt, ip_address, idle_expires_at, expires_at)
       SELECT id, $2, decode(repeat('00', 32), 'hex'), $3, now() + interval '1 day', now() + interval '1 day'
         FROM unnest($1::uuid[]) AS id ORDER BY id DESC`,
      [IDS, ada.id, IP_ADDRESS],
    );
    // The planner uses the index of each filter only in a larger table.
    await insertSessions(database, { userId: eve.id, idle: '1 day', absolute: '1 day', count: 5_000 });
    await database.query('ANALYZE sessions');
    const answers = await database.withLock(`SELECT FROM sessions WHERE id = '${IDS[1]}' FOR UPDATE`, async () => {
      const byAdmin = byTable
        .as(admin.accessToken)
        .post('/admin/sessions/revoke')
        .send({ ipAddress: IP_ADDRESS })
        .then();
      await until('the first one waits', async () => (await database.waiting()).length === 1);
      const byUser = byId.as(ada.accessToken).delete('/sessions').query({ scope: 'all' }).then();
      await until('the second one waits', async () => (await database.waiting()).length === 2);
      return [byAdmin, byUser];
    });
    const [byAdmin, byUser] = await Promise.all(answers);
    expect([byAdmin?.status, byAdmin?.body]).toEqual([200, { matched: 3, revoked: 3 }]);
    // The session of the caller was not among the three.
    expect([byUser?.status, byUser?.body]).toEqual([200, { revoked: 1 }]);
  });
});
