import { AuditPruner } from '../../src/platform/audit/audit-pruner.js';
import { pruneToEnd } from '../support/prune-to-end.js';
import { TestApp } from '../support/test-app.js';

const DAY_MS = 86_400_000;

describe('pruning audit events', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
  });
  beforeEach(() => app.database.query('TRUNCATE audit_events'));
  afterAll(() => app.close());

  const prune = (retention: number) => pruneToEnd(app.app.get(AuditPruner), retention);
  /** Inserts events of the given age. */
  const insert = (age: string, count = 1) =>
    app.database.query(
      `INSERT INTO audit_events (id, occurred_at, type, outcome, reason)
       SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || substr(gen_random_uuid()::text, 16))::uuid,
              at, 'sign_in', 'success', $1::text
         FROM generate_series(1, $2), (SELECT now() - $1::text::interval AS at) AS time`,
      [age, count],
    );
  const left = async () =>
    (await app.database.query<{ reason: string }>('SELECT reason FROM audit_events ORDER BY id')).map(
      (row) => row.reason,
    );

  it('deletes exactly the events older than the retention', async () => {
    for (const age of ['401 days', '400 days 1 second', '399 days', '1 day', '0 days']) await insert(age);
    expect(await prune(400 * DAY_MS)).toBe(2);
    expect(await left()).toEqual(['399 days', '1 day', '0 days']);
  });

  it('keeps everything if the retention reaches back before 1970', async () => {
    await insert('400 days');
    expect(await prune(100 * 365 * DAY_MS)).toBe(0);
    expect(await left()).toEqual(['400 days']);
  });

  it('does nothing in an empty table', async () => {
    expect(await prune(DAY_MS)).toBe(0);
  });

  it('deletes in several batches', async () => {
    await insert('500 days', 6_000);
    await insert('450 days', 5_001);
    await insert('1 day', 3);
    expect(await prune(400 * DAY_MS)).toBe(11_001);
    expect(await left()).toEqual(['1 day', '1 day', '1 day']);
  });

  it('reports its progress', async () => {
    await insert('500 days', 5_000);
    await insert('450 days', 5_000);
    await insert('400 days 1 hour', 1);
    const progress = [];
    for await (const step of app.app.get(AuditPruner).prune(400 * DAY_MS)) progress.push(step.progress);
    expect(progress).toEqual([0, 0.5, 1].map((part) => expect.closeTo(part, 2) as number));
  });

  it('counts each event once in parallel runs', async () => {
    await insert('500 days', 300);
    const counts = await Promise.all([prune(DAY_MS), prune(DAY_MS), prune(DAY_MS)]);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(300);
    expect(await left()).toEqual([]);
  });
});
