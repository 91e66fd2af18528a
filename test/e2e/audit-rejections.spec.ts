import { RejectionRecorder } from '../../src/platform/audit/rejection.recorder.js';
import { RejectionAudit } from '../../src/common/rejection-audit.js';
import { auditRows, expectedRow, type AuditRow } from '../support/audit-rows.js';
import { buildSignedIn, signIn, type SignedIn } from '../support/builders.js';
import { forgeToken, hmac } from '../support/forge-token.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const AGENT = 'Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/140.0';
const SINCE = expect.stringMatching(/^\d{4}-\d{2}-\d{2}T[\d:.]+Z$/) as unknown as string;

describe('the audit event of a rejected request', () => {
  let app: TestApp;
  let root: SignedIn;
  beforeAll(async () => {
    app = await TestApp.start();
    // Otherwise two rows could share the count of one test.
    await app.stopBackgroundWrites();
    root = await buildSignedIn(app, 'admin');
  });
  afterAll(() => app.close());

  const recorder = (instance = app) => instance.app.get(RejectionRecorder);
  const written = async () => {
    await recorder().flush();
    return auditRows(app.database);
  };
  const clear = async () => {
    await recorder().flush();
    await app.database.query('TRUNCATE audit_events');
  };
  const send = ({ accessToken }: SignedIn, path = '/users/me') =>
    app.as(accessToken).get(path).set('User-Agent', AGENT);
  const refresh = ({ refreshToken }: SignedIn) =>
    app.request.post('/auth/refresh').set('User-Agent', AGENT).send({ refreshToken });
  const rejection = ({ id, sessionId }: SignedIn, reason: string, count = 1): AuditRow =>
    expectedRow('access_denied', {
      outcome: 'failure',
      reason,
      user_id: id,
      actor_id: id,
      session_id: sessionId,
      actor_session_id: sessionId,
      ip_address: '127.0.0.1',
      user_agent: AGENT,
      details: { count, since: SINCE },
    });

  const causes: [string, string, (ada: SignedIn) => PromiseLike<unknown>][] = [
    ['was revoked', 'session_revoked', (ada) => app.as(ada.accessToken).post('/auth/logout').expect(204)],
    [
      'has expired',
      'session_expired',
      ({ sessionId }) =>
        app.database.query('UPDATE sessions SET idle_expires_at = now(), expires_at = now() WHERE id = $1', [
          sessionId,
        ]),
    ],
    [
      'belongs to an inactive user',
      'user_inactive',
      ({ id }) => app.as(root.accessToken).patch(`/admin/users/${id}`).send({ isActive: false }).expect(200),
    ],
  ];

  it.each(causes)(
    'names user, reason and client if the session of an access token %s',
    async (_, reason, endSession) => {
      const ada = await buildSignedIn(app);
      await endSession(ada);
      await clear();
      await send(ada).expect(401);
      expect(await written()).toEqual([rejection(ada, reason)]);
    },
  );

  it.each(causes)(
    'counts both refresh endpoints if the session of a refresh token %s',
    async (_, reason, endSession) => {
      const ada = await buildSignedIn(app);
      await endSession(ada);
      await clear();
      await refresh(ada).expect(401);
      const form = { grant_type: 'refresh_token', refresh_token: ada.refreshToken };
      await app.request.post('/auth/token').set('User-Agent', AGENT).type('form').send(form).expect(400);
      expect(await written()).toEqual([rejection(ada, reason, 2)]);
    },
  );

  it('is written if the session of an access token was deleted', async () => {
    const ada = await buildSignedIn(app);
    await app.database.query('DELETE FROM sessions WHERE id = $1', [ada.sessionId]);
    await clear();
    await send(ada).expect(401);
    expect(await written()).toEqual([rejection(ada, 'session_not_found')]);
  });

  it('is written if the role is not sufficient', async () => {
    const ada = await buildSignedIn(app);
    await clear();
    await send(ada, '/admin/users').expect(403);
    expect(await written()).toEqual([rejection(ada, 'forbidden')]);
  });

  it('is not written for an invalid token, whose user is unknown', async () => {
    const ada = await buildSignedIn(app);
    await clear();
    const foreign = forgeToken(ada.accessToken, { sign: hmac('sha256', 'x'.repeat(32)) });
    for (const token of ['nonsense', foreign]) await app.as(token).get('/users/me').expect(401);
    await app.request.post('/auth/refresh').send({ refreshToken: 'nonsense' }).expect(401);
    await app.request.get('/users/me').expect(401);
    expect(await written()).toEqual([]);
  });

  it('counts a flood of requests in one row per session', async () => {
    const [ada, bob] = [await buildSignedIn(app), await buildSignedIn(app)];
    for (const { accessToken } of [ada, bob]) await app.as(accessToken).post('/auth/logout').expect(204);
    await clear();
    await Promise.all(Array.from({ length: 100 }, (_, turn) => send(turn % 4 === 0 ? bob : ada).expect(401)));
    const rows = await written();
    expect(rows).toHaveLength(2);
    expect(new Set(rows)).toEqual(
      new Set([rejection(ada, 'session_revoked', 75), rejection(bob, 'session_revoked', 25)]),
    );
  });

  it('counts clients beyond a bound together so that memory stays bounded', async () => {
    await clear();
    const rejections = app.app.get(RejectionAudit);
    for (let i = 0; i < 5_000; i += 1) {
      const client = { ipAddress: `10.0.${i >> 8}.${i & 255}`, userAgent: null };
      rejections.record({ code: 'too_many_requests', kind: 'rate_limited', claims: null, client });
    }
    const rows = await written();
    expect(rows).toHaveLength(1_001);
    expect(new Set(rows.map(({ type, outcome, reason }) => `${type} ${outcome} ${reason}`))).toEqual(
      new Set(['rate_limited failure too_many_requests']),
    );
    expect(rows.filter(({ ip_address: address }) => address === null)).toMatchObject([{ details: { count: 4_000 } }]);
  });

  it('is written when a flush returns, even if another flush writes it', async () => {
    const ada = await buildSignedIn(app);
    await clear();
    let second = Promise.resolve();
    let isDone = false;
    await app.database.withLock('LOCK TABLE audit_events IN SHARE MODE', async () => {
      await send(ada, '/admin/users').expect(403);
      void recorder().flush();
      second = recorder()
        .flush()
        .finally(() => (isDone = true));
      await until(
        'the first waits for the lock',
        async () => (await app.database.waitingFor('audit_events')).length > 0,
      );
      expect(isDone).toBe(false);
    });
    await second;
    expect(await auditRows(app.database)).toEqual([rejection(ada, 'forbidden')]);
  });

  it('is written at shutdown', async () => {
    const second = await TestApp.start({ database: app.database });
    const ada = await signIn(second, root);
    await second.as(ada.accessToken).post('/auth/logout').expect(204);
    await clear();
    await second.as(ada.accessToken).get('/users/me').set('User-Agent', AGENT).expect(401);
    await second.close();
    expect(await auditRows(app.database)).toEqual([rejection(ada, 'session_revoked')]);
  });

  it('is written after a database outage', async () => {
    const [second, proxy] = await TestApp.startProxied(app);
    const ada = await buildSignedIn(second);
    await clear();
    await proxy.rejectConnections();
    const claims = { userId: ada.id, sessionId: ada.sessionId };
    const client = { ipAddress: '127.0.0.1', userAgent: AGENT };
    second.app.get(RejectionAudit).record({ code: 'forbidden', kind: 'forbidden', claims, client });
    await recorder(second).flush();
    expect(await auditRows(app.database)).toEqual([]);
    await proxy.heal();
    await recorder(second).flush();
    expect(await auditRows(app.database)).toEqual([rejection(ada, 'forbidden')]);
    await second.close();
  });
});
