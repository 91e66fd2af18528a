import { randomBytes, randomUUID } from 'node:crypto';
import { Database, type EntityManager } from '../../src/platform/database/database.js';
import { Pruners } from '../../src/platform/upkeep/pruners.js';
import { SessionAccessRepository } from '../../src/sessions/session-access.repository.js';
import { buildSignedIn, buildUser } from '../support/builders.js';
import { moveToServer, partitionSessions } from '../support/partitions.js';
import { pruneToEnd } from '../support/prune-to-end.js';
import { insertSessions } from '../support/session-row.js';
import { TestApp } from '../support/test-app.js';
import { TestDatabase } from '../support/test-database.js';

const DAY_MS = 86_400_000;
/** `fillfactor` leaves room for a few more versions of a row in each page. */
const UPDATES_PER_PAGE = 3;

describe('sessions', () => {
  let app: TestApp;
  let remote: TestDatabase;
  beforeAll(async () => {
    app = await TestApp.start();
    remote = await TestDatabase.create();
  });
  afterAll(async () => {
    await app.close();
    await remote.drop();
  });

  const access = () => app.app.get(SessionAccessRepository);

  describe('in full pages', () => {
    let userId: string;
    /** The IDs of the sessions by their position in a page. */
    let atPosition: string[][];
    beforeAll(async () => {
      ({ id: userId } = await buildUser(app));
      await insertSessions(app.database, { userId, idle: '1 day', absolute: '2 days', count: 3_000 });
      await app.database.query(`UPDATE sessions SET last_seen_at = now() - interval '1 hour'`);
    });
    beforeEach(async () => {
      // Rewrites the table, so that each page is as full as `fillfactor` allows.
      await app.database.query('VACUUM FULL sessions');
      const rows = await app.database.query<{ id: string; position: number }>(
        `SELECT id, (ctid::text::point)[1]::int AS position FROM sessions
          WHERE (ctid::text::point)[0] < (SELECT max((ctid::text::point)[0]) FROM sessions)`,
      );
      atPosition = [];
      for (const { id, position } of rows) (atPosition[position] ??= []).push(id);
    });

    /** Updates some rows of each page, one per transaction. Returns how many updates changed the indexes. */
    async function countIndexUpdates(update: (manager: EntityManager, ids: string[]) => Promise<unknown>) {
      let [all, heapOnly] = [0, 0];
      // PostgreSQL cannot reuse the room of earlier versions while any transaction may read them.
      for (const ids of atPosition.filter(Boolean).slice(0, UPDATES_PER_PAGE)) {
        await app.app.get(Database).transaction(async (manager) => {
          await update(manager, ids);
          const [row] = await manager.query<{ updates: number; hot: number }[]>(
            `SELECT n_tup_upd::int AS updates, n_tup_hot_upd::int AS hot FROM pg_stat_xact_user_tables
              WHERE relname = 'sessions'`,
          );
          all += row?.updates ?? 0;
          heapOnly += row?.hot ?? 0;
        });
      }
      expect(all).toBeGreaterThan(150);
      return all - heapOnly;
    }

    it('change no index when last_seen_at is written', async () => {
      const mark = (manager: EntityManager, ids: string[]) =>
        access().markSeen(
          manager,
          ids.map((sessionId) => ({ userId, sessionId })),
        );
      expect(await countIndexUpdates(mark)).toBe(0);
    });

    it('change no index when a refresh token is rotated', async () => {
      const rotate = async (manager: EntityManager, ids: string[]) => {
        for (const sessionId of ids) {
          const session = await access().findForRefresh(manager, { userId, sessionId }, 0);
          if (session) await access().rotate(manager, session, DAY_MS);
        }
      };
      expect(await countIndexUpdates(rotate)).toBe(0);
    });
  });

  it('are looked up without planning the statement each time', async () => {
    const counts = await app.app.get(Database).run(async (manager) => {
      const ids = { userId: randomUUID(), sessionId: randomUUID() };
      // PostgreSQL plans the first five runs, and then decides.
      for (let run = 0; run < 8; run += 1) await access().findForGuard(manager, [ids]);
      return manager.query<unknown[]>(
        `SELECT custom_plans::int FROM pg_prepared_statements WHERE name = 'find_sessions_for_guard'`,
      );
    });
    expect(counts).toEqual([{ custom_plans: 5 }]);
  });

  describe('in partitions', () => {
    // Random, because the server outlives a worker of Jest that is restarted in this file.
    const reader = `partition_reader_${randomBytes(6).toString('hex')}`;
    beforeAll(async () => {
      await app.database.query('TRUNCATE sessions');
      await app.database.query(`CREATE ROLE ${reader}`);
      await app.database.query(`GRANT SELECT, DELETE ON sessions TO ${reader}`);
      await partitionSessions(app.database);
    });
    afterAll(async () => {
      await app.database.query(`DROP OWNED BY ${reader}; DROP ROLE ${reader}`);
    });
    beforeEach(() => app.database.query('DELETE FROM sessions'));

    /** Inserts active and old sessions of 100 users, which spread over all partitions. */
    async function insertForManyUsers() {
      await app.database.query(
        `INSERT INTO users (id, email, password_hash)
         SELECT gen_random_uuid(), 'p' || n || '@partitions.example', '' FROM generate_series(1, 100) AS n
             ON CONFLICT DO NOTHING`,
      );
      await app.database.query(
        `INSERT INTO sessions (id, user_id, refresh_salt, device_name, idle_expires_at, expires_at)
         SELECT gen_random_uuid(), id, decode(repeat('00', 32), 'hex'), device,
                now() + idle, now() + idle
           FROM users, generate_series(1, 15),
                (VALUES ('active', interval '1 day'), ('expired', interval '-8 days')) AS kind (device, idle)
          WHERE email LIKE '%@partitions.example'`,
      );
    }
    const left = () =>
      app.database.query<{ device_name: string; count: number }>(
        'SELECT device_name, count(*)::int FROM sessions GROUP BY device_name',
      );
    const prune = () => pruneToEnd(app.app.get(Pruners).find('sessions'), 7 * DAY_MS);

    it('are pruned in each partition', async () => {
      await insertForManyUsers();
      expect(await prune()).toBe(1_500);
      expect(await left()).toEqual([{ device_name: 'active', count: 1_500 }]);
    });

    it('keep the rights of each role', async () => {
      const rows = await app.database.query<{ rights: string }>(
        `SELECT DISTINCT string_agg(privilege_type, ' ' ORDER BY privilege_type) AS rights
           FROM information_schema.role_table_grants WHERE grantee = $1 GROUP BY table_name`,
        [reader],
      );
      expect(rows).toEqual([{ rights: 'DELETE SELECT' }]);
    });

    it('are looked up in one partition', async () => {
      const ada = await buildSignedIn(app);
      const plan = await lookupPlan(ada.id, ada.sessionId);
      const scans = plan.filter((line) => /Scan.* on sessions_\d+ /.test(line));
      expect(scans).toHaveLength(16);
      expect(scans.filter((line) => line.includes('never executed'))).toHaveLength(15);
    });

    it('work on another server, and are pruned and looked up there', async () => {
      const partitions = [0, 1, 2, 3, 4, 5, 6, 7];
      await moveToServer(app.database, remote, 'other', partitions);
      await insertForManyUsers();
      const remoteTables = partitions.map((n) => `SELECT FROM sessions_${n}`).join(' UNION ALL ');
      expect((await remote.query(remoteTables)).length).toBeGreaterThan(0);
      expect(await prune()).toBe(1_500);
      expect(await left()).toEqual([{ device_name: 'active', count: 1_500 }]);
      const ada = await buildSignedIn(app);
      await app.request.post('/auth/refresh').send({ refreshToken: ada.refreshToken }).expect(200);
      await app.as(ada.accessToken).post('/auth/logout').expect(204);
      await app.as(ada.accessToken).get('/users/me').expect(401);
    });

    /** Returns the plan of the guard's lookup. */
    async function lookupPlan(userId: string, sessionId: string): Promise<string[]> {
      return app.app.get(Database).run(async (manager) => {
        await access().findForGuard(manager, [{ userId, sessionId }]);
        const rows = await manager.query<Record<string, string>[]>(
          `EXPLAIN ANALYZE EXECUTE find_sessions_for_guard ('{${userId}}', '{${sessionId}}')`,
        );
        return rows.flatMap((row) => Object.values(row));
      });
    }
  });
});
