import { LastSeenRecorder } from '../../src/sessions/last-seen.recorder.js';
import { buildUser, signIn, type SignedIn } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const MINUTE_MS = 60_000;

describe('the last activity of a session', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
    // Counts the statements that write the column and the rows that they change.
    await app.database.query(`
      CREATE TABLE probe_writes (level text);
      CREATE FUNCTION count_write() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO probe_writes VALUES (TG_LEVEL); RETURN NULL; END $$;
      CREATE TRIGGER statements AFTER UPDATE OF last_seen_at ON sessions FOR EACH STATEMENT EXECUTE FUNCTION count_write();
      CREATE TRIGGER rows AFTER UPDATE OF last_seen_at ON sessions FOR EACH ROW EXECUTE FUNCTION count_write()`);
  });
  afterAll(() => app.close());

  const flush = (instance = app) => instance.app.get(LastSeenRecorder).flush();
  const use = async (session: SignedIn, instance = app) =>
    (await instance.as(session.accessToken).get('/users/me').expect(200)).status;
  const writesOf = async (level: 'STATEMENT' | 'ROW') =>
    (await app.database.query('SELECT FROM probe_writes WHERE level = $1', [level])).length;

  /** Creates sessions that were last active this many seconds ago. */
  const sessionsSeenAgo = async (seconds: number, count: number): Promise<SignedIn[]> => {
    const user = await buildUser(app);
    const sessions = await Promise.all(Array.from({ length: count }, () => signIn(app, user)));
    const ids = sessions.map((session) => session.sessionId);
    const sql = `UPDATE sessions SET last_seen_at = now() - $2 * interval '1 second' WHERE id = ANY($1)`;
    await app.database.query(sql, [ids, seconds]);
    await app.database.query('TRUNCATE probe_writes');
    return sessions;
  };
  const sessionSeenAgo = async (seconds: number): Promise<SignedIn> => {
    const [session] = await sessionsSeenAgo(seconds, 1);
    if (!session) throw new Error('No session was created.');
    return session;
  };
  /** Returns the milliseconds since the last activity, by the clock of the database. */
  const ageOf = async ({ sessionId }: SignedIn) => {
    const sql = 'SELECT extract(epoch FROM now() - last_seen_at)::float8 * 1000 AS age FROM sessions WHERE id = $1';
    return (await app.database.query<{ age: number }>(sql, [sessionId]))[0]?.age ?? NaN;
  };

  it('is written after a request and returned', async () => {
    const session = await sessionSeenAgo(120);
    await use(session);
    await flush();
    expect(await ageOf(session)).toBeLessThan(MINUTE_MS);
    const { body } = await app.as(session.accessToken).get('/sessions/current').expect(200);
    expect(Date.now() - Date.parse(body.lastSeenAt)).toBeLessThan(MINUTE_MS);
  });

  it('is written within seconds by the timer', async () => {
    const session = await sessionSeenAgo(120);
    await use(session);
    await until('it is written', async () => (await ageOf(session)) < MINUTE_MS, 20_000);
    expect(await ageOf(session)).toBeLessThan(MINUTE_MS);
  });

  it('is not written by the request, which succeeds while the table is locked', async () => {
    const session = await sessionSeenAgo(120);
    await app.database.withLock('LOCK TABLE sessions IN SHARE MODE', async () => expect(await use(session)).toBe(200));
  });

  it('is written when a flush returns, even if another flush writes it', async () => {
    const session = await sessionSeenAgo(120);
    let second = Promise.resolve();
    let isDone = false;
    await app.database.withLock('LOCK TABLE sessions IN SHARE MODE', async () => {
      await use(session);
      void flush();
      second = flush().finally(() => (isDone = true));
      await until(
        'the first flush waits for the lock',
        async () => (await app.database.waitingFor('sessions')).length > 0,
      );
      expect(isDone).toBe(false);
    });
    await second;
    expect(await ageOf(session)).toBeLessThan(MINUTE_MS);
  });

  it('is written without waiting for sessions whose row is locked', async () => {
    const [locked, free] = [await sessionSeenAgo(120), await sessionSeenAgo(120)];
    await app.database.withLock(`SELECT FROM sessions WHERE id = '${locked.sessionId}' FOR UPDATE`, async () => {
      await Promise.all([use(locked), use(free)]);
      await flush();
    });
    expect(await ageOf(locked)).toBeGreaterThan(MINUTE_MS);
    expect(await ageOf(free)).toBeLessThan(MINUTE_MS);
  });

  it('is written for many sessions in one statement', async () => {
    const sessions = await sessionsSeenAgo(120, 25);
    // Otherwise the timer of the recorder could write some of the sessions.
    const timer = jest.spyOn(app.app.get(LastSeenRecorder), 'flush').mockResolvedValue();
    try {
      await Promise.all(sessions.map((session) => use(session)));
    } finally {
      timer.mockRestore();
    }
    await flush();
    expect([await writesOf('ROW'), await writesOf('STATEMENT')]).toEqual([25, 1]);
  });

  it('is not written again within a minute', async () => {
    const session = await sessionSeenAgo(30);
    for (let i = 0; i < 3; i++) {
      await use(session);
      await flush();
    }
    expect(await writesOf('STATEMENT')).toBe(0);
  });

  it('is written once per minute across requests and instances', async () => {
    const session = await sessionSeenAgo(120);
    const other = await TestApp.start({ database: app.database });
    await Promise.all([app, app, other, other].map((instance) => use(session, instance)));
    await flush();
    await use(session, other);
    await other.close();
    expect(await writesOf('ROW')).toBe(1);
  });

  it('is written at shutdown', async () => {
    const sessions = await sessionsSeenAgo(120, 3);
    const other = await TestApp.start({ database: app.database });
    await Promise.all(sessions.map((session) => use(session, other)));
    await other.close();
    for (const session of sessions) expect(await ageOf(session)).toBeLessThan(MINUTE_MS);
  });

  it('is not written for a rejected request', async () => {
    const revoked = await sessionSeenAgo(120);
    const sql = `UPDATE sessions SET revoked_at = now(), revoked_reason = 'admin' WHERE id = $1`;
    await app.database.query(sql, [revoked.sessionId]);
    await app.as(revoked.accessToken).get('/users/me').expect(401);
    await flush();
    expect(await writesOf('ROW')).toBe(0);
  });

  it('is dropped without an error if it cannot be written', async () => {
    const session = await sessionSeenAgo(120);
    const other = await TestApp.start({ database: app.database });
    await other.close();
    other.app.get(LastSeenRecorder).mark({ userId: session.id, sessionId: session.sessionId });
    await expect(flush(other)).resolves.toBeUndefined();
    expect(await ageOf(session)).toBeGreaterThan(MINUTE_MS);
  });
});
