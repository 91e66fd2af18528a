import { RejectionRecorder } from '../../src/platform/audit/rejection.recorder.js';
import { LastSeenRecorder } from '../../src/sessions/last-seen.recorder.js';
import { buildEachRole } from '../support/builders.js';
import { readOperations } from '../support/operations.js';
import { isOwnRoute } from '../support/routes.js';
import { TestApp } from '../support/test-app.js';

/** Returns every row of every table, without last-seen times and audit events of rejected requests. */
async function contentsOf({ app, database }: TestApp): Promise<string[]> {
  // Includes background writes after the response.
  for (const recorder of [LastSeenRecorder, RejectionRecorder]) await app.get(recorder).flush();
  const tables = await database.query<{ name: string }>(
    `SELECT tablename AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY name`,
  );
  const contents: string[] = [];
  for (const { name } of tables) {
    const rows = await database.query<{ row: string }>(
      `SELECT (to_jsonb(t) - 'last_seen_at')::text AS row FROM ${name} t
        WHERE to_jsonb(t) ->> 'type' IS DISTINCT FROM 'access_denied' ORDER BY row`,
    );
    contents.push(`${name}: ${rows.length}`, ...rows.map(({ row }) => row));
  }
  return contents;
}

describe('a GET or HEAD request', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start({ env: { PRUNE_INTERVAL: '0s' } })));
  afterAll(() => app.close());

  it('changes nothing on any route except last-seen times and rejection events', async () => {
    const people = await buildEachRole(app);
    await app.database.query(`UPDATE sessions SET last_seen_at = now() - interval '1 hour'`);
    const before = await contentsOf(app);
    const routes = (await readOperations(app)).filter(({ method }) => method === 'get');
    const answered = new Set<string>();
    for (const { name, path, exampleQuery } of routes) {
      for (const id of [people.user.id, people.user.sessionId]) {
        for (const method of ['get', 'head'] as const) {
          const target = path.replace('{id}', id);
          await app.request[method](target).query(exampleQuery);
          for (const { accessToken } of Object.values(people)) {
            const { status } = await app.as(accessToken)[method](target).query(exampleQuery);
            if (status === 200) answered.add(`${method} ${name}`);
          }
        }
      }
    }
    // Each route succeeded at least once, because a rejected request would prove nothing. This test does not know the IDs
    // of a module's rows.
    const reachable = routes.filter((route) => isOwnRoute(route) || !route.path.includes('{'));
    const expected = reachable.flatMap(({ name }) => [`get ${name}`, `head ${name}`]);
    expect(expected.filter((name) => !answered.has(name))).toEqual([]);
    expect(await contentsOf(app)).toEqual(before);
  });
});
