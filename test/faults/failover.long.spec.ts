import pg from 'pg';
import { ChildApp } from '../support/child-app.js';
import { Load } from '../support/load.js';
import { OwnCluster } from '../support/own-cluster.js';
import { until } from '../support/until.js';

const PASSWORD = 'seven lanterns at dusk';
const TIMEOUTS = { DB_CONNECT_TIMEOUT: '2s', DB_STATEMENT_TIMEOUT: '4s' };

interface Tokens {
  readonly email: string;
  readonly accessToken: string;
}

describe('a standby', () => {
  let primary: OwnCluster;
  let standby: OwnCluster;
  let app: ChildApp;
  /** Knows only the standby. */
  let misled: ChildApp;
  let counter = 0;

  beforeAll(async () => {
    primary = await OwnCluster.start();
    standby = await primary.startStandby();
    const { host } = new URL(standby.url);
    // The standby comes first, so that a connection to it would be used.
    const DATABASE_URL = `${primary.url.replace('@', `@${host},`)}?target_session_attrs=read-write`;
    app = await ChildApp.start({ DATABASE_URL, ...TIMEOUTS });
    misled = await ChildApp.start({ DATABASE_URL: standby.url, ...TIMEOUTS });
  });
  afterAll(async () => {
    for (const running of [app, misled]) await running.kill();
    for (const cluster of [standby, primary]) await cluster.stop();
  });

  const signUp = async (): Promise<Tokens> => {
    const email = `user-${++counter}@example.com`;
    await app.request.post('/auth/register').send({ email, password: PASSWORD }).expect(201);
    const { body } = await app.request.post('/auth/login').send({ email, password: PASSWORD }).expect(200);
    return { email, accessToken: body.accessToken as string };
  };
  const signOut = ({ accessToken }: Tokens) => app.as(accessToken).post('/auth/logout').expect(204);
  const query = async (cluster: OwnCluster, sql: string, values: unknown[] = []) => {
    const client = new pg.Client({ connectionString: cluster.url });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql, values)).rows;
    } finally {
      await client.end();
    }
  };
  const linesOf = ({ log }: ChildApp) => log.split('\n').filter((line) => line.includes('"context":"Database"'));

  it('does not judge a session that the primary has revoked', async () => {
    const ada = await signUp();
    await until('the standby has the session', async () => (await query(standby, 'SELECT 1 FROM sessions')).length > 0);
    await standby.execute('SELECT pg_wal_replay_pause()');
    await signOut(ada);
    const statuses = [];
    for (let i = 0; i < 20; i += 1) statuses.push((await misled.as(ada.accessToken).get('/users/me')).status);
    const readiness = await misled.request.get('/health/ready');
    await standby.execute('SELECT pg_wal_replay_resume()');
    expect(statuses).toEqual(statuses.map(() => 503));
    expect([readiness.status, readiness.body.checks.database.reason]).toEqual([503, 'read_only']);
    expect(linesOf(misled)).toEqual([expect.stringContaining('is read-only (in_hot_standby = on)')]);
  });

  it('that is promoted under load loses no acknowledged write, and accepts no revoked token', async () => {
    const people: Tokens[] = [];
    for (let i = 0; i < 60; i += 1) people.push(await signUp());
    const [guarded, ...leavers] = people;
    await primary.execute(`ALTER SYSTEM SET synchronous_standby_names = '*'`, 'SELECT pg_reload_conf()');
    await until('the standby is synchronous', async () => {
      const states = await query(primary, `SELECT 1 FROM pg_stat_replication WHERE sync_state = 'sync'`);
      return states.length === 1;
    });
    // The ledger of what the application has acknowledged.
    const revoked: string[] = [];
    let accepted = 0;
    let next = 0;
    const writes = Load.start(4, app.url, () => [
      '/auth/register',
      { method: 'POST', json: { email: `user-${++counter}@example.com`, password: PASSWORD } },
    ]);
    const reads = Load.start(8, app.url, () => ['/users/me', { token: guarded?.accessToken ?? '' }]);
    const over = new AbortController();
    const revoking = (async () => {
      for (const { accessToken } of leavers) {
        if (over.signal.aborted) break;
        const { status } = await app.as(accessToken).post('/auth/logout');
        if (status === 204) revoked.push(accessToken);
      }
    })();
    const replaying = Promise.all(
      Array.from({ length: 4 }, async () => {
        await until('a session is revoked', () => revoked.length > 0);
        while (!over.signal.aborted) {
          const { status } = await app.as(revoked[next++ % revoked.length] ?? '').get('/users/me');
          if (status !== 401 && status !== 503) accepted += 1;
        }
      }),
    );
    await until('the load runs', () => (writes.statuses[201] ?? 0) > 30 && revoked.length > 10);

    const killedAt = performance.now();
    primary.kill();
    await until('requests fail', () => (reads.statuses[503] ?? 0) > 20);
    const promotedAt = performance.now();
    await standby.execute('SELECT pg_promote()');
    const before = reads.statuses[200] ?? 0;
    await until('requests succeed', () => (reads.statuses[200] ?? 0) > before);
    const recoveredAt = performance.now();
    await until('the load is served', () => (reads.statuses[200] ?? 0) > before + 500);
    over.abort();
    await Promise.all([writes.stop(), reads.stop(), revoking, replaying]);

    const registered = writes.answers.filter(({ status }) => status === 201);
    const emails = registered.map(({ body }) => (JSON.parse(body) as { email: string }).email);
    const found = await query(standby, 'SELECT email FROM users WHERE email = ANY($1)', [emails]);
    const late: string[] = [];
    for (const token of revoked) {
      const { status, body } = await app.as(token).get('/users/me');
      if (status !== 401 || body.code !== 'session_revoked') late.push(token);
    }
    await until('the outage has ended', () => app.log.includes('Database available again'));
    console.log(
      `Promotion: ${registered.length} acknowledged registrations, lost ${registered.length - found.length}. ` +
        `${revoked.length} acknowledged revocations, lost ${late.length}. Revoked tokens accepted: ${accepted}. ` +
        `First success ${seconds(recoveredAt - promotedAt)} s after the promotion began, ` +
        `${seconds(recoveredAt - killedAt)} s after the kill. ` +
        `Guarded requests: ${JSON.stringify(reads.statuses)}, registrations: ${JSON.stringify(writes.statuses)}. ` +
        `Log lines about the database: ${linesOf(app).length}.`,
    );
    expect(found).toHaveLength(registered.length);
    expect(late).toEqual([]);
    expect(accepted).toBe(0);
    expect(Object.keys(reads.statuses)).toEqual(['200', '503']);
    expect(linesOf(app)).toEqual([
      expect.stringContaining('Database unavailable'),
      expect.stringContaining('Database available again'),
    ]);
  });

  it('is used after its promotion, also by an instance that rejected it', async () => {
    const ada = await signUp();
    const { status } = await misled.as(ada.accessToken).get('/users/me');
    expect(status).toBe(200);
  });
});

const seconds = (milliseconds: number) => (milliseconds / 1_000).toFixed(1);
