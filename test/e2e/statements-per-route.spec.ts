import { readFileSync } from 'node:fs';
import { nameOf, ROUTE_CALLS, type RouteCall } from '../../bench/routes/calls.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { readTables } from '../support/markdown.js';
import { RouteWorld } from '../support/route-world.js';
import { isOwnRoute, routesOf } from '../support/routes.js';
import { TestApp } from '../support/test-app.js';

const DOCUMENT = 'docs/performance.md';
const HEADING = 'Queries per route';

/** The cost of a request. Round trips include the statements that start and end transactions. */
interface Cost {
  readonly status: number;
  readonly statements: number;
  readonly roundTrips: number;
}

describe('the queries per route in docs/performance.md', () => {
  const rows =
    readTables(readFileSync(DOCUMENT, 'utf8')).find(({ headings }) => headings.includes(HEADING))?.rows ?? [];
  let direct: TestApp;
  let proxy: DatabaseProxy;
  let unlimited: TestApp;
  let limited: TestApp;

  beforeAll(async () => {
    direct = await TestApp.start();
    proxy = await DatabaseProxy.start(direct.database.url);
    const start = (env: object) =>
      TestApp.start({ database: direct.database, env: { DATABASE_URL: proxy.url, PRUNE_INTERVAL: '0s', ...env } });
    unlimited = await start({});
    limited = await start({ RATE_LIMIT_ENABLED: 'true' });
    // Opens the first connection, which needs more statements.
    for (const app of [unlimited, limited]) {
      await app.request.get('/health/ready').expect(200);
      await app.stopBackgroundWrites();
    }
  });
  afterAll(async () => {
    for (const app of [limited, unlimited]) await app.close();
    await proxy.close();
    await direct.close();
  });

  const costOf = async (app: TestApp, { prepare }: RouteCall): Promise<Cost> => {
    const world = new RouteWorld(direct, app);
    const request = await prepare(world);
    const before = { statements: proxy.statements, marks: proxy.transactionMarks };
    const { status } = await world.answer(request);
    const roundTrips = proxy.statements - before.statements;
    return { status, roundTrips, statements: roundTrips - (proxy.transactionMarks - before.marks) };
  };

  it('have one row per benchmark call', () => {
    expect(rows.map((row) => row['Route'])).toEqual(ROUTE_CALLS.map(nameOf));
  });

  it('cover every route of Gatehouse itself', () => {
    const called = new Set(ROUTE_CALLS.map(({ route }) => route));
    expect([...called].sort()).toEqual(
      routesOf(direct)
        .filter(isOwnRoute)
        .map(({ name }) => name)
        .sort(),
    );
  });

  it.each(ROUTE_CALLS.map((call) => [nameOf(call), call] as const))(
    'match the measured ones: %s',
    async (name, call) => {
      const row = rows.find((candidate) => candidate['Route'] === name);
      const [without, withLimits] = [await costOf(unlimited, call), await costOf(limited, call)];
      expect([Math.floor(without.status / 100), withLimits.status]).toEqual([2, without.status]);
      expect(withLimits.roundTrips - without.roundTrips).toBe(withLimits.statements - without.statements);
      const documented = ['Statements', 'Round trips', 'Limits add'].map((column) => row?.[column]);
      const measured = [without.statements, without.roundTrips, withLimits.statements - without.statements];
      expect([name, ...documented].join(' | ')).toBe([name, ...measured].join(' | '));
    },
  );
});
