import { LastSeenRecorder } from '../../src/sessions/last-seen.recorder.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const MINUTE = 60_000;

describe('when a session was last seen', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start();
    // Counts how often the column is written: the statements, and the rows.
    await app.database.query(`
      CREATE TABLE writes (level text);
      CREATE FUNCTION note_write() RETURNS trigger LANGUAGE plpgsql AS
        $$ BEGIN INSERT INTO writes VALUES (TG_LEVEL); RETURN NULL; END $$;
      CREATE TRIGGER statements AFTER UPDATE OF last_seen_at ON sessions FOR EACH STATEMENT EXECUTE FUNCTION note_write();
      CREATE TRIGGER rows AFTER UPDATE OF last_seen_at ON sessions FOR EACH ROW EXECUTE FUNCTION note_write()`);
  });
  afterAll(() => app.close());

  const flush = (instance = app) => instance.app.get(LastSeenRecorder).flush();
  const use = async (session: SignedIn, instance = app) =>
    (await instance.as(session.accessToken).get('/users/me').expect(200)).status;
  const writesOf = async (level: 'STATEMENT' | 'ROW') =>
    (await app.database.query('SELECT FROM writes WHERE level = $1', [level])).length;

  /** Signed-in users whose sessions were last seen this long ago, in seconds. */
  const seenAgo = async (seconds: number, count = 1): Promise<SignedIn[]> => {
    const sessions = await Promise.all(Array.from({ length: count }, () => buildSignedIn(app)));
    const ids = sessions.map((session) => session.sessionId);
    const sql = `UPDATE sessions SET last_seen_at = now() - $2 * interval '1 second' WHERE id = ANY($1)`;
    await app.database.query(sql, [ids, seconds]);
    await app.database.query('TRUNCATE writes');
    return sessions;
  };
  /** How long ago a session was last seen, in milliseconds, by the database's clock. */
  const ageOf = async ({ sessionId }: SignedIn) => {
    const sql = 'SELECT extract(epoch FROM now() - last_seen_at)::float8 * 1000 AS age FROM sessions WHERE id = $1';
    return (await app.database.query<{ age: number }>(sql, [sessionId]))[0]?.age ?? NaN;
  };

  it('is written after a use, and shown', async () => {
    const [session] = await seenAgo(120);
    if (!session) throw new Error('no session');
    await use(session);
    await flush();
    expect(await ageOf(session)).toBeLessThan(MINUTE);
    const { body } = await app.as(session.accessToken).get('/sessions/current').expect(200);
    expect(Date.now() - Date.parse(body.lastSeenAt)).toBeLessThan(MINUTE);
  });

  it('is written by nobody’s hand within seconds', async () => {
    const [session] = await seenAgo(120);
    if (!session) throw new Error('no session');
    await use(session);
    await until('it is written', async () => (await ageOf(session)) < MINUTE, 20_000);
    expect(await ageOf(session)).toBeLessThan(MINUTE);
  });

  it('is not written by the request, which is answered while nobody can write sessions', async () => {
    const [session] = await seenAgo(120);
    if (!session) throw new Error('no session');
    await app.database.holding('LOCK TABLE sessions IN SHARE MODE', async () => expect(await use(session)).toBe(200));
  });

  it('is waited for by whoever flushes, also where it is being written already', async () => {
    const [session] = await seenAgo(120);
    if (!session) throw new Error('no session');
    let second = Promise.resolve();
    let isDone = false;
    await app.database.holding('LOCK TABLE sessions IN SHARE MODE', async () => {
      await use(session);
      void flush();
      second = flush().finally(() => (isDone = true));
      await until('the first waits for the lock', async () => (await app.database.waitingFor('sessions')).length > 0);
      expect(isDone).toBe(false);
    });
    await second;
    expect(await ageOf(session)).toBeLessThan(MINUTE);
  });

  it('is written without waiting for a locked row, which the others do not suffer from', async () => {
    const [locked, free] = await seenAgo(120, 2);
    if (!locked || !free) throw new Error('no session');
    await app.database.holding(`SELECT FROM sessions WHERE id = '${locked.sessionId}' FOR UPDATE`, async () => {
      await Promise.all([use(locked), use(free)]);
      await flush();
    });
    expect(await ageOf(locked)).toBeGreaterThan(MINUTE);
    expect(await ageOf(free)).toBeLessThan(MINUTE);
  });

  it('is written for many sessions in one statement', async () => {
    const sessions = await seenAgo(120, 25);
    // The recorder's own timer would write what there is by then.
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
    const [session] = await seenAgo(50);
    if (!session) throw new Error('no session');
    for (let i = 0; i < 3; i++) {
      await use(session);
      await flush();
    }
    expect(await writesOf('STATEMENT')).toBe(0);
  });

  it('is written once in a minute, however many requests and instances saw it', async () => {
    const [session] = await seenAgo(120);
    if (!session) throw new Error('no session');
    const other = await TestApp.start({ database: app.database });
    await Promise.all([app, app, other, other].map((instance) => use(session, instance)));
    await flush();
    await use(session, other);
    await other.close();
    expect(await writesOf('ROW')).toBe(1);
  });

  it('is written at shutdown, before the pool is closed', async () => {
    const sessions = await seenAgo(120, 3);
    const other = await TestApp.start({ database: app.database });
    await Promise.all(sessions.map((session) => use(session, other)));
    await other.close();
    for (const session of sessions) expect(await ageOf(session)).toBeLessThan(MINUTE);
  });

  it('is not written for a request that was refused', async () => {
    const [revoked] = await seenAgo(120);
    if (!revoked) throw new Error('no session');
    const sql = `UPDATE sessions SET revoked_at = now(), revoked_reason = 'admin' WHERE id = $1`;
    await app.database.query(sql, [revoked.sessionId]);
    await app.as(revoked.accessToken).get('/users/me').expect(401);
    await flush();
    expect(await writesOf('ROW')).toBe(0);
  });

  it('that cannot be written is dropped without a word to anyone', async () => {
    const [session] = await seenAgo(120);
    if (!session) throw new Error('no session');
    const other = await TestApp.start({ database: app.database });
    await other.close();
    other.app.get(LastSeenRecorder).mark(session.sessionId);
    await expect(flush(other)).resolves.toBeUndefined();
    expect(await ageOf(session)).toBeGreaterThan(MINUTE);
  });
});
