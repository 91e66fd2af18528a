import { setTimeout as sleep } from 'node:timers/promises';
import { Database } from '../../src/platform/database/database.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import type { DatabaseProxy } from '../support/database-proxy.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

/** Longer than any wait in these tests. */
const LONG_TIMEOUT_MS = 25_000;

describe('hanging session lookups', () => {
  let direct: TestApp;
  let proxy: DatabaseProxy;
  let app: TestApp;
  let ada: SignedIn;

  beforeAll(async () => {
    direct = await TestApp.start();
    ada = await buildSignedIn(direct);
  });
  afterAll(() => direct.close());
  afterEach(() => app.close());

  const start = async (timeoutMs = LONG_TIMEOUT_MS) => {
    [app, proxy] = await TestApp.startProxied(direct, { env: { DB_STATEMENT_TIMEOUT: `${timeoutMs}ms` } });
  };

  const getMe = async () => {
    const begin = performance.now();
    const { status } = await app.as(ada.accessToken).get('/users/me');
    return { status, duration: performance.now() - begin };
  };
  const getMeInTurn = async (times: number) => {
    const answers = [];
    for (let i = 0; i < times; i += 1) answers.push(await getMe());
    return answers;
  };

  /** Opens `count` connections and makes one lookup hang on each. */
  async function hang(count: number): Promise<Promise<{ status: number; duration: number }>[]> {
    const database = app.app.get(Database);
    await Promise.all(
      Array.from({ length: count }, () => database.run((manager) => manager.query('SELECT pg_sleep(0.2)'))),
    );
    expect(database.pool().idle).toBe(count);
    proxy.silence();
    const hanging = [];
    for (let left = count - 1; left >= 0; left -= 1) {
      hanging.push(getMe());
      await until('the lookup has a connection', () => database.pool().idle === left);
    }
    return hanging;
  }

  it.each([1, 2, 4])('delay other requests only briefly when there are %i', async (count) => {
    await start();
    const hanging = await hang(count);
    let isOver = false;
    void Promise.race(hanging).then(() => (isOver = true));
    const others = await Promise.all([getMeInTurn(5), getMeInTurn(5), getMeInTurn(5)]);
    // The other requests all finished while the lookups still hang.
    expect([others.flat().filter(({ status }) => status !== 200), isOver]).toEqual([[], false]);
    proxy.cut();
    expect((await Promise.all(hanging)).map(({ status }) => status)).toEqual(Array(count).fill(503));
  });

  it('end with their statement timeout', async () => {
    await start(2_000);
    const failed = await Promise.all(await hang(4));
    expect(failed.map(({ status }) => status)).toEqual(Array(4).fill(503));
    expect(Math.max(...failed.map(({ duration }) => duration))).toBeLessThan(LONG_TIMEOUT_MS);
  });

  it('leave half of the pool to other queries', async () => {
    await start();
    const busy = () => {
      const { total, idle, waiting } = app.app.get(Database).pool();
      return total - idle + waiting;
    };
    await direct.database.query('BEGIN');
    await direct.database.query('LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE');
    const requests: ReturnType<typeof getMe>[] = [];
    await until('the lookups use half of the pool', () => requests.push(getMe()) > 0 && busy() === 5);
    requests.push(...Array.from({ length: 20 }, getMe));
    // Long enough for another lookup to start, if it could.
    await sleep(600);
    const connections = busy();
    const begin = performance.now();
    const { status } = await app.request.get('/health/db');
    const duration = performance.now() - begin;
    await direct.database.query('ROLLBACK');
    await Promise.all(requests);
    expect([connections, status]).toEqual([5, 200]);
    expect(duration).toBeLessThan(LONG_TIMEOUT_MS / 2);
  });
});
