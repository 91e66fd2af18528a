import { Pruners } from '../../src/platform/upkeep/pruners.js';
import { buildUser, type BuiltUser } from '../support/builders.js';
import { pruneToEnd } from '../support/prune-to-end.js';
import { insertSessions, type NewSessions } from '../support/session-row.js';
import { TestApp } from '../support/test-app.js';

const DAY_MS = 86_400_000;

describe('pruning sessions', () => {
  let app: TestApp;
  let user: BuiltUser;
  beforeAll(async () => {
    app = await TestApp.start();
    user = await buildUser(app);
  });
  beforeEach(() => app.database.query('TRUNCATE sessions'));
  afterAll(() => app.close());

  const prune = (retention: number) => pruneToEnd(app.app.get(Pruners).find('sessions'), retention);
  const insert = (rows: Omit<NewSessions, 'userId'>) => insertSessions(app.database, { userId: user.id, ...rows });
  const left = async () =>
    (await app.database.query<{ device_name: string }>('SELECT device_name FROM sessions ORDER BY device_name')).map(
      (row) => row.device_name,
    );

  it('deletes exactly the sessions that expired or were revoked before the retention', async () => {
    await insert({ name: 'active', idle: '1 day', absolute: '2 days' });
    await insert({ name: 'idle lately', idle: '-6 days', absolute: '2 days' });
    await insert({ name: 'idle long ago', idle: '-8 days', absolute: '2 days' });
    await insert({ name: 'expired lately', idle: '-6 days', absolute: '-6 days' });
    await insert({ name: 'expired long ago', idle: '-8 days', absolute: '-8 days' });
    await insert({ name: 'revoked lately', idle: '1 day', absolute: '2 days', revoked: '-6 days' });
    await insert({ name: 'revoked long ago', idle: '1 day', absolute: '2 days', revoked: '-8 days' });
    await insert({ name: 'revoked lately, idle for longer', idle: '-8 days', absolute: '2 days', revoked: '-6 days' });
    expect(await prune(7 * DAY_MS)).toBe(4);
    expect(await left()).toEqual(['active', 'expired lately', 'idle lately', 'revoked lately']);
  });

  it('deletes all inactive sessions with a retention of zero', async () => {
    await insert({ name: 'active', idle: '1 day', absolute: '2 days' });
    await insert({ name: 'just expired', idle: '-1 second', absolute: '2 days' });
    expect(await prune(0)).toBe(1);
    expect(await left()).toEqual(['active']);
  });

  it('does nothing in an empty table', async () => {
    expect(await prune(7 * DAY_MS)).toBe(0);
  });

  it('deletes in several steps and keeps all users', async () => {
    await insert({ name: 'active', idle: '1 day', absolute: '2 days', count: 6_000 });
    await insert({ name: 'expired', idle: '-8 days', absolute: '-8 days', count: 6_001 });
    expect(await prune(7 * DAY_MS)).toBe(6_001);
    expect(new Set(await left())).toEqual(new Set(['active']));
    expect(await app.database.query('SELECT id FROM users')).toEqual([{ id: user.id }]);
  });

  it('counts each session once in parallel runs', async () => {
    await insert({ name: 'expired', idle: '-8 days', absolute: '-8 days', count: 300 });
    const counts = await Promise.all([prune(7 * DAY_MS), prune(7 * DAY_MS), prune(7 * DAY_MS)]);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(300);
    expect(await left()).toEqual([]);
  });
});
