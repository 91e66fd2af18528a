import { defineAuditType } from '../../src/platform/audit/audit-event.js';
import { AuditRecorder } from '../../src/platform/audit/audit.recorder.js';
import { RejectionRecorder } from '../../src/platform/audit/rejection.recorder.js';
import { Database } from '../../src/platform/database/database.js';
import { buildSignedIn, signIn, type SignedIn } from '../support/builders.js';
import { UNKNOWN_ID } from '../support/constants.js';
import { expectProblem } from '../support/expect-problem.js';
import { TestApp } from '../support/test-app.js';
import { walkPages } from '../support/walk-pages.js';

const CHROME =
  'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36';

const ORDER_REFUNDED = defineAuditType('test_order_refunded');

describe('the audit list', () => {
  let app: TestApp;
  let root: SignedIn;
  let ada: SignedIn;
  let bob: SignedIn;
  beforeAll(async () => {
    app = await TestApp.start();
    root = await buildSignedIn(app, 'admin');
    ada = await buildSignedIn(app);
    bob = await buildSignedIn(app);
  });
  afterAll(() => app.close());
  beforeEach(async () => {
    // The rejections of the previous test are written in the background.
    await app.app.get(RejectionRecorder).flush();
    await app.database.query('TRUNCATE audit_events');
  });

  const audit = (query: object = {}) => app.as(root.accessToken).get('/admin/audit').query(query);
  const activity = (user: SignedIn, query: object = {}) =>
    app.as(user.accessToken).get('/users/me/activity').query(query);
  const rename = (user: SignedIn, name: string) =>
    app.as(user.accessToken).patch('/users/me').set('User-Agent', CHROME).send({ name }).expect(200);
  const renameBy = (admin: SignedIn, { id }: SignedIn, name: string) =>
    app.as(admin.accessToken).patch(`/admin/users/${id}`).set('User-Agent', CHROME).send({ name }).expect(200);
  const typesOf = (items: readonly { type: string }[]) => items.map(({ type }) => type);
  let names = 0;
  const newName = () => `Name ${(names += 1)}`;
  /** Inserts an event of some days ago. */
  const longAgo = (days: number, userId = ada.id) =>
    app.database.query(
      `INSERT INTO audit_events (id, occurred_at, type, outcome, user_id)
       SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(gen_random_uuid()::text, 16))::uuid,
              at, 'sign_in', 'success', $2
         FROM (SELECT date_trunc('milliseconds', now() - $1 * interval '1 day') AS at) AS time`,
      [days, userId],
    );

  describe('for admins', () => {
    it('returns all fields of an event', async () => {
      await rename(ada, newName());
      const { body } = await audit().expect(200);
      const [{ id }] = (await app.database.query<{ id: string }>('SELECT id FROM audit_events')) as [{ id: string }];
      expect(body).toEqual({
        items: [
          {
            id,
            occurredAt: expect.stringMatching(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$/),
            type: 'user_updated',
            outcome: 'success',
            reason: null,
            userId: ada.id,
            actorId: ada.id,
            sessionId: ada.sessionId,
            actorSessionId: ada.sessionId,
            ipAddress: '127.0.0.1',
            userAgent: CHROME,
            deviceName: 'Chrome on macOS',
            details: { name: 'changed' },
          },
        ],
        nextCursor: null,
      });
    });

    it('dates events and their IDs with the same time of the database clock', async () => {
      await rename(ada, newName());
      const [row] = await app.database.query<{ agrees: boolean; age: number }>(
        `SELECT left(replace(id::text, '-', ''), 12) = lpad(to_hex((extract(epoch FROM occurred_at) * 1000)::bigint), 12, '0')
                  AND id::text ~ '^.{14}7.{4}[89ab]' AS agrees,
                extract(epoch FROM clock_timestamp() - occurred_at)::float8 AS age
           FROM audit_events`,
      );
      expect(row?.agrees).toBe(true);
      expect(row?.age).toBeGreaterThanOrEqual(0);
      expect(row?.age).toBeLessThan(60);
    });

    it('orders the events of one instance as it wrote them', async () => {
      const database = app.app.get(Database);
      await database.transaction(async (manager) => {
        for (let turn = 0; turn < 50; turn += 1) {
          const entry = { type: 'user_updated', actor: null, details: { turn } } as const;
          await app.app.get(AuditRecorder).record(manager, entry);
        }
      });
      const { body } = await audit({ limit: 100 }).expect(200);
      const turns = (body.items as { details: { turn: number } }[]).map(({ details }) => details.turn);
      expect(turns).toEqual(Array.from({ length: 50 }, (_, turn) => 49 - turn));
    });

    it('filters by user, actor and type', async () => {
      await rename(ada, newName());
      await renameBy(root, ada, newName());
      await renameBy(root, bob, newName());
      await app.as(bob.accessToken).delete(`/sessions?scope=others`).expect(200);
      await signIn(app, bob);
      const counts: Record<string, number> = {};
      for (const [name, query] of Object.entries({
        all: {},
        ada: { userId: ada.id },
        'ada, in capitals': { userId: ada.id.toUpperCase() },
        'by root': { actorId: root.id },
        'by root, of bob': { actorId: root.id, userId: bob.id },
        'sign-ins': { type: 'sign_in' },
        'sign-ins of ada': { type: 'sign_in', userId: ada.id },
        'unknown user': { userId: UNKNOWN_ID },
      })) {
        counts[name] = ((await audit(query).expect(200)).body.items as unknown[]).length;
      }
      expect(counts).toEqual({
        all: 4,
        ada: 2,
        'ada, in capitals': 2,
        'by root': 2,
        'by root, of bob': 1,
        'sign-ins': 1,
        'sign-ins of ada': 0,
        'unknown user': 0,
      });
    });

    it('filters by time, including the start and excluding the end', async () => {
      for (const days of [1, 2, 3, 4]) await longAgo(days);
      const rows = await app.database.query<{ occurred_at: Date }>(
        'SELECT occurred_at FROM audit_events ORDER BY id DESC',
      );
      const times = rows.map((row) => row.occurred_at.toISOString());
      const found = async (query: object) =>
        ((await audit(query).expect(200)).body.items as { occurredAt: string }[]).map(({ occurredAt }) => occurredAt);
      const [, second, third] = times;
      expect(await found({ from: third })).toEqual(times.slice(0, 3));
      expect(await found({ to: third })).toEqual(times.slice(3));
      expect(await found({ from: third, to: second })).toEqual([third]);
      expect(await found({ from: third, to: second, type: 'sign_in', userId: ada.id })).toEqual([third]);
      expect(await found({ from: second, to: third })).toEqual([]);
      expect(await found({ from: '0001-01-01T00:00:00Z', to: '9999-12-31T23:59:59Z' })).toEqual(times);
    });

    it('returns every event exactly once, newest first, while events are added', async () => {
      for (let turn = 0; turn < 7; turn += 1) await rename(ada, newName());
      const before = (await audit({ limit: 100 })).body.items as { id: string }[];
      const { items, pages } = await walkPages(app, root.accessToken, '/admin/audit', { limit: 3 }, () =>
        rename(ada, newName()),
      );
      expect(pages).toEqual([3, 3, 1]);
      expect(items.map(({ id }) => id)).toEqual(before.map(({ id }) => id));
    });

    it.each([
      ['type', 'nonsense'],
      ['userId', 'nonsense'],
      ['actorId', ''],
      ['from', 'yesterday'],
      ['to', '2026-02-30T00:00:00Z'],
      ['from', '1769904000'],
      ['limit', '0'],
      ['cursor', 'nonsense'],
      ['outcome', 'success'],
    ])('rejects %s=%s', async (name, value) => {
      const answer = await audit({ [name]: value });
      expectProblem(answer, 400, 'validation_failed');
      expect(answer.body.errors).toMatchObject([{ pointer: `/${name}` }]);
    });

    it('is forbidden for users', async () => {
      expectProblem(await app.as(ada.accessToken).get('/admin/audit'), 403, 'forbidden');
    });
  });

  describe('with a type of a module', () => {
    const record = (type: typeof ORDER_REFUNDED) =>
      app.app.get(Database).transaction((manager) =>
        app.app.get(AuditRecorder).record(manager, {
          type,
          userId: ada.id,
          actor: { userId: bob.id, sessionId: bob.sessionId, client: { ipAddress: '203.0.113.7', userAgent: CHROME } },
          details: { amount: 12 },
        }),
      );

    it('contains its events and filters by it', async () => {
      await rename(ada, newName());
      await record(ORDER_REFUNDED);
      const expected = { type: ORDER_REFUNDED, outcome: 'success', details: { amount: 12 } };
      const { body } = await audit({ type: ORDER_REFUNDED }).expect(200);
      expect(body.items).toMatchObject([{ ...expected, userId: ada.id, actorId: bob.id }]);
      const own = await activity(ada, { type: ORDER_REFUNDED }).expect(200);
      expect(own.body.items).toMatchObject([{ ...expected, actor: 'admin', ipAddress: null }]);
    });

    it('documents it like the other types', async () => {
      const { body } = await app.request.get('/openapi.json').expect(200);
      expect(body.components.schemas.AuditType.enum).toEqual(expect.arrayContaining(['sign_in', ORDER_REFUNDED]));
      const { errors } = (await audit({ type: 'other' }).expect(400)).body as { errors: { message: string }[] };
      expect(errors[0]?.message).toContain(ORDER_REFUNDED);
    });

    it('accepts only types that are defined, once each', () => {
      // @ts-expect-error: no module defines this type, so this does not compile.
      const compiles = () => record('test_order_burnt');
      expect(compiles).toBeDefined();
      expect(() => defineAuditType('test_order_refunded')).toThrow('test_order_refunded is defined twice');
      expect(() => defineAuditType('sign_in')).toThrow('sign_in is defined twice');
      expect(() => defineAuditType('Order refunded')).toThrow('in snake_case, such as order_refunded');
    });
  });

  describe('of a user', () => {
    it('contains only events of their account by any actor, newest first', async () => {
      await rename(ada, newName());
      await renameBy(root, ada, newName());
      await rename(bob, newName());
      await renameBy(root, bob, newName());
      const { body } = await activity(ada).expect(200);
      expect(body.items.map(({ actor, type }: { actor: string; type: string }) => [actor, type])).toEqual([
        ['admin', 'user_updated'],
        ['you', 'user_updated'],
      ]);
    });

    it('omits what an admin did to other accounts', async () => {
      await renameBy(root, ada, newName());
      expect((await activity(root).expect(200)).body.items).toEqual([]);
    });

    it('does not identify an admin who acted', async () => {
      const phone = await signIn(app, ada, 'phone');
      await app.database.query('TRUNCATE audit_events');
      await app.as(root.accessToken).delete(`/admin/sessions/${phone.sessionId}`).set('User-Agent', CHROME).expect(204);
      const { body, text } = await activity(ada).expect(200);
      expect(body.items).toEqual([
        {
          id: expect.any(String),
          occurredAt: expect.any(String),
          type: 'session_revoked',
          outcome: 'success',
          reason: 'admin',
          actor: 'admin',
          sessionId: phone.sessionId,
          ipAddress: null,
          userAgent: null,
          deviceName: null,
          details: { device: 'phone' },
        },
      ]);
      for (const secret of [root.id, root.sessionId, '127.0.0.1', CHROME]) expect(text).not.toContain(secret);
    });

    it('distinguishes unknown actors from the system', async () => {
      const phone = await signIn(app, bob, 'phone');
      let { refreshToken } = phone;
      for (let turn = 0; turn < 2; turn += 1) {
        refreshToken = (await app.request.post('/auth/refresh').send({ refreshToken })).body.refreshToken as string;
      }
      await app.request.post('/auth/login').send({ email: bob.email, password: 'not it' }).expect(401);
      await app.request.post('/auth/refresh').send({ refreshToken: phone.refreshToken }).expect(401);
      const { body } = await activity(bob).expect(200);
      expect(body.items.map(({ actor, type, reason }: Record<string, string>) => [actor, type, reason])).toEqual([
        ['system', 'session_revoked', 'refresh_reuse'],
        ['unknown', 'token_refresh', 'refresh_token_reused'],
        ['unknown', 'sign_in', 'invalid_credentials'],
        ['you', 'sign_in', null],
      ]);
    });

    it('is filtered and paged like the list for admins', async () => {
      for (const days of [1, 2, 3]) await longAgo(days);
      await longAgo(2, bob.id);
      await rename(ada, newName());
      const twoDays = new Date(Date.now() - 2.5 * 86_400_000).toISOString();
      expect(typesOf((await activity(ada, { type: 'sign_in', from: twoDays })).body.items)).toHaveLength(2);
      const { items, pages } = await walkPages(app, ada.accessToken, '/users/me/activity', { limit: 3 });
      expect([pages, new Set(items.map(({ id }) => id)).size]).toEqual([[3, 1], 4]);
    });

    it('cannot be requested for another user', async () => {
      expectProblem(await activity(ada, { userId: bob.id }), 400, 'validation_failed');
    });
  });
});
