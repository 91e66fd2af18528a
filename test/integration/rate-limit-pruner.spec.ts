import { RateLimitPruner } from '../../src/rate-limits/rate-limit-pruner.js';
import { TestApp } from '../support/test-app.js';

describe('pruning what the rate limits counted', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start()));
  afterAll(() => app.close());

  /** Inserts windows that ended this many minutes ago. */
  const insert = (name: string, minutes: number, count = 1) =>
    app.database.query(
      `INSERT INTO rate_limits SELECT $1 || i, 1, (extract(epoch FROM now()) - $2 * 60) * 1000 FROM generate_series(1, $3) i`,
      [name, minutes, count],
    );

  it('deletes windows that ended more than an hour ago, however many, and no others', async () => {
    await insert('old ', 61, 5_001);
    await insert('lately ', 59);
    await insert('open ', -15);
    expect(await app.app.get(RateLimitPruner).prune()).toBe(5_001);
    expect(await app.database.query('SELECT key FROM rate_limits ORDER BY key')).toEqual([
      { key: 'lately 1' },
      { key: 'open 1' },
    ]);
    expect(await app.app.get(RateLimitPruner).prune()).toBe(0);
  });
});
