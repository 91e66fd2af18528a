import { Database } from '../../src/platform/database/database.js';
import { ScheduleLease } from '../../src/platform/upkeep/schedule-lease.js';
import { UpkeepService } from '../../src/platform/upkeep/upkeep.service.js';
import { mailKinds } from '../support/account-records.js';
import { buildUser, type BuiltUser } from '../support/builders.js';
import { ChildApp } from '../support/child-app.js';
import { LogLines } from '../support/log-lines.js';
import { insertSessions } from '../support/session-row.js';
import { TestApp } from '../support/test-app.js';
import { KeyExpiryTask } from '../../src/auth/api-keys/key-expiry.task.js';
import { until } from '../support/until.js';

const LONG_AGO = '-31 days';
/** More rows than one pruning step reads. */
const MANY_ROWS = 30_000;
const HOURLY = { PRUNE_INTERVAL: '1h' };

describe('scheduled pruning', () => {
  let app: TestApp;
  let other: TestApp;
  let user: BuiltUser;
  const log = new LogLines();

  beforeAll(async () => {
    app = await TestApp.start({ log, env: HOURLY });
    other = await TestApp.start({ database: app.database, log, env: HOURLY });
    user = await buildUser(app);
  });
  beforeEach(async () => {
    await app.database.query('TRUNCATE sessions, one_time_tokens, mails, rate_limits, schedule');
    log.clear();
  });
  afterAll(async () => {
    await other.close();
    await app.close();
  });

  const prune = (instance: TestApp) => instance.app.get(UpkeepService).pruneIfDue();
  const insertExpired = (count: number) =>
    insertSessions(app.database, { userId: user.id, idle: LONG_AGO, absolute: LONG_AGO, count });
  const anHourLater = () => app.database.query(`UPDATE schedule SET next_at = next_at - interval '1 hour'`);
  const messages = () => log.records.flatMap(({ context, msg }) => (context === UpkeepService.name ? [msg] : []));

  /** Inserts API keys that live from one interval to another. */
  const insertKeys = (created: string, expires: string, count: number, revoked: string | null = null) =>
    app.database.query(
      `INSERT INTO sessions (id, user_id, kind, refresh_salt, device_name, created_at, idle_expires_at, expires_at,
                             revoked_at, revoked_reason)
       SELECT gen_random_uuid(), $1, 'key', decode(repeat('00', 32), 'hex'), 'Export', now() + $2::interval,
              now() + $3::interval, now() + $3::interval, now() + $4::interval,
              CASE WHEN $4 IS NOT NULL THEN 'key_revoked' END
         FROM generate_series(1, $5)`,
      [user.id, created, expires, revoked, count],
    );

  async function countSessions(): Promise<number> {
    const [row] = await app.database.query<{ count: number }>('SELECT count(*)::int AS count FROM sessions');
    return row?.count ?? -1;
  }

  /** Starts pruning and blocks its first step while `act` runs. */
  async function whilePruningWaits(start: () => Promise<void>, act: () => Promise<unknown>): Promise<void> {
    await app.database.query('BEGIN');
    await app.database.query('LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE');
    const pruning = start();
    try {
      await until('pruning waits for the table', async () => (await app.database.waitingFor('sessions')).length > 0);
      await act();
    } finally {
      await app.database.query('COMMIT');
      await pruning;
    }
  }

  it('deletes exactly the rows whose retention has passed', async () => {
    await insertSessions(app.database, { userId: user.id, idle: '-29 days', absolute: '1 day' });
    await insertExpired(2);
    await app.database.query(
      `INSERT INTO one_time_tokens (hash, purpose, user_id, expires_at)
       SELECT decode(repeat(digit, 64), 'hex'), 'password_reset', $1, now() + span::interval
         FROM (VALUES ('1', '-1 second'), ('2', '1 minute')) AS token (digit, span)`,
      [user.id],
    );
    await app.database.query(
      `INSERT INTO mails (id, kind, recipient, created_at, sent_at, next_attempt_at)
       SELECT gen_random_uuid(), 'verify_email', name, now() + created::interval, now() + sent::interval, now() + next::interval
         FROM (VALUES ('sent long ago', '-9 days', '-8 days', NULL), ('sent lately', '-9 days', '-6 days', NULL),
                      ('failed long ago', '-8 days', NULL, NULL), ('failed lately', '-6 days', NULL, NULL),
                      ('waiting', '-8 days', NULL, '1 minute')) AS mail (name, created, sent, next)`,
    );
    await app.database.query(
      `INSERT INTO rate_limits (key, points, expire)
       SELECT name, 1, extract(epoch FROM now() + span::interval) * 1000
         FROM (VALUES ('ended', '-2 hours'), ('ended lately', '-1 minute'), ('open', '1 minute')) AS rate (name, span)`,
    );
    await prune(app);
    const left = async (sql: string) => (await app.database.query<{ name: string }>(sql)).map(({ name }) => name);
    expect(await countSessions()).toBe(1);
    expect(await left(`SELECT left(encode(hash, 'hex'), 1) AS name FROM one_time_tokens`)).toEqual(['2']);
    expect(await left('SELECT recipient AS name FROM mails ORDER BY 1')).toEqual([
      'failed lately',
      'sent lately',
      'waiting',
    ]);
    expect(await left('SELECT key AS name FROM rate_limits ORDER BY 1')).toEqual(['ended lately', 'open']);
    expect(messages()).toEqual([
      'Deleted 2 mails.',
      'Deleted 1 one-time token.',
      'Deleted 1 rate limit.',
      'Deleted 2 sessions.',
    ]);
  });

  it('runs once per interval on all instances together', async () => {
    await prune(app);
    await insertExpired(1);
    await Promise.all([prune(app), prune(other)]);
    expect(await countSessions()).toBe(1);
    await anHourLater();
    await prune(other);
    expect(await countSessions()).toBe(0);
  });

  it('runs on one instance while the others skip it', async () => {
    await insertExpired(10);
    await whilePruningWaits(
      () => prune(app),
      () => prune(other),
    );
    expect(await countSessions()).toBe(0);
    expect(messages()).toEqual(['Deleted 10 sessions.']);
  });

  it('skips locked rows until the next run', async () => {
    await insertExpired(2);
    await app.database.query('BEGIN');
    await app.database.query('SELECT 1 FROM sessions LIMIT 1 FOR UPDATE');
    await prune(other);
    await app.database.query('COMMIT');
    expect(await countSessions()).toBe(1);
    await anHourLater();
    await prune(other);
    expect(await countSessions()).toBe(0);
  });

  it('continues on another instance after the lease of a killed one expired', async () => {
    await insertExpired(10);
    const child = await ChildApp.start({ DATABASE_URL: app.database.url, PRUNE_INTERVAL: '100ms' });
    try {
      await whilePruningWaits(
        () => Promise.resolve(),
        async () => {
          await child.kill();
          // Otherwise the server would finish the statement of the killed client.
          await app.database.query('SELECT pg_terminate_backend(pid) FROM unnest($1::int[]) AS pid', [
            await app.database.waitingFor('sessions'),
          ]);
          await until('its statement has ended', async () => (await app.database.waitingFor('sessions')).length === 0);
        },
      );
    } finally {
      await child.kill();
    }
    await insertExpired(10);
    const before = await countSessions();
    await prune(app);
    expect(await countSessions()).toBe(before);
    await anHourLater();
    await prune(app);
    expect(await countSessions()).toBe(0);
  });

  it('queues one mail for each API key that expires within ten days', async () => {
    await insertKeys('-80 days', '9 days 23 hours', 120);
    await insertKeys('-80 days', '10 days 1 hour', 1);
    await insertKeys('-9 days', '1 hour', 1);
    await insertKeys('-80 days', '1 day', 1, '-1 hour');
    await insertKeys('-80 days', '-1 day', 1);
    await prune(app);
    expect(messages()).toContain('Queued 120 key expiry mails.');
    expect(await mailKinds(app, user)).toEqual(Array(120).fill('key_expires'));
    await anHourLater();
    await prune(other);
    expect(await mailKinds(app, user)).toHaveLength(120);
  });

  it('queues no mail twice if two instances look for expiring keys simultaneously', async () => {
    await insertKeys('-80 days', '1 day', 120);
    const run = async (instance: TestApp) => {
      let total = 0;
      for await (const count of instance.app.get(KeyExpiryTask).steps()) total += count;
      return total;
    };
    const counts = await Promise.all([run(app), run(other)]);
    expect(counts[0] + counts[1]).toBe(120);
    expect(await mailKinds(app, user)).toHaveLength(120);
  });

  it('stops after the current step at shutdown, and another instance continues', async () => {
    await insertExpired(MANY_ROWS);
    const leaving = await TestApp.start({ database: app.database, log, env: HOURLY });
    const closing: Promise<void>[] = [];
    const leave = () => {
      if (closing.length === 0) closing.push(leaving.close());
      return Promise.resolve();
    };
    try {
      await whilePruningWaits(() => prune(leaving), leave);
    } finally {
      await leave();
      await Promise.all(closing);
    }
    const left = await countSessions();
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThan(MANY_ROWS);
    await prune(other);
    expect(await countSessions()).toBe(0);
  });

  it('stops if another instance has taken over the run', async () => {
    await insertExpired(1);
    await whilePruningWaits(
      () => prune(app),
      () => app.database.query(`UPDATE schedule SET next_at = now() + interval '1 day'`),
    );
    const [entry] = await app.database.query<{ later: boolean }>(
      `SELECT next_at > now() + interval '2 hours' AS later FROM schedule`,
    );
    expect(entry?.later).toBe(true);
  });

  it('marks a lease as lost once another instance has claimed the expired task', async () => {
    const database = app.app.get(Database);
    const expired = await ScheduleLease.claim(database, 'task', 0);
    const current = await ScheduleLease.claim(database, 'task', 60_000);
    await expired?.renew();
    await current?.renew();
    expect([expired?.isLost, current?.isLost]).toEqual([true, false]);
    await expired?.release(0);
    expect(await ScheduleLease.claim(database, 'task', 0)).toBeNull();
  });

  it('prunes the other tables while one is locked', async () => {
    await insertExpired(1);
    const env = { ...HOURLY, DB_STATEMENT_TIMEOUT: '3s' };
    const blocked = await TestApp.start({ database: app.database, env, log });
    try {
      await app.database.withLock('LOCK TABLE audit_events IN ACCESS EXCLUSIVE MODE', () => prune(blocked));
      expect(await countSessions()).toBe(0);
      expect(messages()).toContain('Pruning is incomplete: the database is unavailable.');
    } finally {
      await blocked.close();
    }
  });

  it('starts by itself after startup', async () => {
    await insertExpired(1);
    const punctual = await TestApp.start({ database: app.database, env: { PRUNE_INTERVAL: '500ms' }, log });
    try {
      await until('the session is deleted', async () => (await countSessions()) === 0);
      await insertExpired(1);
      await until('the next session is deleted', () => messages().length === 2);
      expect(await countSessions()).toBe(0);
    } finally {
      await punctual.close();
    }
  });

  it('is retried later and logged if the database is unavailable', async () => {
    const [cutOff, proxy] = await TestApp.startProxied(app, { log });
    try {
      await insertExpired(1);
      await proxy.rejectConnections();
      await prune(cutOff);
      expect(messages()).toContain('Pruning is incomplete: the database is unavailable.');
      await proxy.heal();
      await prune(cutOff);
      expect(await countSessions()).toBe(0);
    } finally {
      await cutOff.close();
    }
  });
});
