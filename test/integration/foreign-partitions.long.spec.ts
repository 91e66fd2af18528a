import pg from 'pg';
import { Database } from '../../src/platform/database/database.js';
import { Pruners } from '../../src/platform/upkeep/pruners.js';
import { SessionAccessRepository } from '../../src/sessions/session-access.repository.js';
import { buildSignedIn, buildUser, signIn, type SignedIn } from '../support/builders.js';
import { OwnCluster } from '../support/own-cluster.js';
import { moveToServer, partitionSessions } from '../support/partitions.js';
import { pruneToEnd } from '../support/prune-to-end.js';
import { until } from '../support/until.js';
import { TestApp } from '../support/test-app.js';

const SERVERS = ['east', 'west'] as const;

describe('sessions in foreign partitions on two servers', () => {
  let app: TestApp;
  const clusters: OwnCluster[] = [];
  beforeAll(async () => {
    app = await TestApp.start();
    await partitionSessions(app.database);
    for (const [index, server] of SERVERS.entries()) {
      const cluster = await OwnCluster.start();
      clusters.push(cluster);
      const client = new pg.Client({ connectionString: cluster.url });
      await client.connect();
      const partitions = Array.from({ length: 8 }, (_, n) => n + 8 * index);
      await moveToServer(app.database, { url: cluster.url, query: (sql) => client.query(sql) }, server, partitions);
      await client.end();
    }
  }, 120_000);
  afterAll(async () => {
    await app.close();
    for (const cluster of clusters) await cluster.stop();
  });

  const refresh = (refreshToken: string) => app.request.post('/auth/refresh').send({ refreshToken });
  const me = ({ accessToken }: Pick<SignedIn, 'accessToken'>) => app.as(accessToken).get('/users/me');

  /** Returns the scans of partitions that the guard's lookup ran, with their SQL. */
  async function lookupScans({ id: userId, sessionId }: SignedIn): Promise<string[]> {
    const rows = await app.app.get(Database).run(async (manager) => {
      await app.app.get(SessionAccessRepository).findForGuard(manager, [{ userId, sessionId }]);
      return manager.query<{ 'QUERY PLAN': string }[]>(
        `EXPLAIN (ANALYZE, VERBOSE, COSTS OFF) EXECUTE find_sessions_for_guard ('{${userId}}', '{${sessionId}}')`,
      );
    });
    const plan = rows.map((row) => row['QUERY PLAN']).join('\n');
    const scans = plan.split(/(?=-> +Foreign Scan)/).filter((node) => node.startsWith('->'));
    expect(scans).toHaveLength(16);
    return scans.filter((node) => !node.includes('(never executed)'));
  }

  /** Returns a signed-in user of each server. */
  async function oneOfEach(): Promise<SignedIn[]> {
    const found = new Map<string, SignedIn>();
    while (found.size < SERVERS.length) {
      const person = await buildSignedIn(app);
      const [row] = await app.database.query<{ server: string }>(
        `SELECT srvname AS server FROM sessions s JOIN pg_foreign_table t ON t.ftrelid = s.tableoid
           JOIN pg_foreign_server f ON f.oid = t.ftserver WHERE s.id = $1`,
        [person.sessionId],
      );
      found.set(row?.server ?? '', person);
    }
    return SERVERS.map((server) => found.get(server)).filter((person) => person !== undefined);
  }

  it('support sign-in, refresh, reuse detection, lists and revocation', async () => {
    for (const ada of await oneOfEach()) {
      const { body: next } = await refresh(ada.refreshToken).expect(200);
      await me(next).expect(200);
      await refresh(next.refreshToken as string).expect(200);
      expect((await refresh(ada.refreshToken).expect(401)).body.code).toBe('refresh_token_reused');
      await me(next).expect(401);
    }
    const eve = await buildUser(app);
    const [first, second] = [await signIn(app, eve), await signIn(app, eve)];
    expect((await app.as(first.accessToken).get('/sessions').expect(200)).body.items).toHaveLength(2);
    await app.as(first.accessToken).delete('/sessions?scope=others').expect(200);
    await me(second).expect(401);
    await app.as(first.accessToken).post('/auth/logout').expect(204);
    await me(first).expect(401);
  });

  it('are looked up on one server, by user and session', async () => {
    for (const person of await oneOfEach()) {
      const scans = await lookupScans(person);
      expect(scans).toHaveLength(1);
      expect(scans[0]).toMatch(/Remote SQL: SELECT .* WHERE .*user_id = \$1.* AND .*id = \$2/);
    }
  });

  it('are pruned on both servers', async () => {
    const people = await oneOfEach();
    await app.database.query(`UPDATE sessions SET idle_expires_at = now() - interval '8 days'`);
    const alive = await buildSignedIn(app);
    const deleted = await pruneToEnd(app.app.get(Pruners).find('sessions'), 7 * 86_400_000);
    expect(deleted).toBeGreaterThanOrEqual(people.length);
    expect(await app.database.query('SELECT id FROM sessions')).toEqual([{ id: alive.sessionId }]);
  });

  it('are unavailable while one server is down, because postgres_fdw connects to both', async () => {
    const people = await oneOfEach();
    clusters[1]?.kill();
    const [anyone] = people;
    // The orphaned processes of the killed server may respond for a moment.
    await until('the lookups fail', async () => anyone !== undefined && (await me(anyone)).status === 503);
    for (const person of people) expect((await me(person).expect(503)).body.code).toBe('database_unavailable');
    await clusters[1]?.restart();
    for (const person of people) await me(person).expect(200);
  }, 120_000);
});
