import { parseDatabaseUrl } from '../../src/config/database-url.js';
import { connectDatabase } from '../../src/platform/database/database.options.js';
import { Database } from '../../src/platform/database/database.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { DatabaseProxy } from '../support/database-proxy.js';
import { LogLines } from '../support/log-lines.js';
import { stablePort } from '../support/stable-port.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

describe('a read-only server', () => {
  const log = new LogLines();
  let direct: TestApp;
  let ada: SignedIn;
  let proxy: DatabaseProxy;
  let app: TestApp;
  let isReadOnly: (value: boolean) => Promise<unknown>;

  beforeAll(async () => {
    direct = await TestApp.start();
    ada = await buildSignedIn(direct);
    proxy = await DatabaseProxy.start(direct.database.url);
    const url = new URL(proxy.url);
    // The first server does not run.
    const DATABASE_URL = url.href.replace(url.host, `127.0.0.1:${await stablePort()},${url.host}`);
    app = await TestApp.start({ database: direct.database, log, env: { DATABASE_URL } });
    const name = url.pathname.slice(1);
    isReadOnly = (value) =>
      direct.database.query(`ALTER DATABASE ${name} SET default_transaction_read_only = ${value ? 'on' : 'off'}`);
  });
  afterAll(async () => {
    await app.close();
    await proxy.close();
    await direct.close();
  });
  beforeEach(() => log.clear());

  const getMe = async () => (await app.as(ada.accessToken).get('/users/me')).status;
  const connections = () => app.app.get(Database).pool().total;

  it('is not needed while another server of DATABASE_URL accepts writes', async () => {
    const statuses = await Promise.all(Array.from({ length: 20 }, getMe));
    expect(statuses).toEqual(statuses.map(() => 200));
    expect(log.records.filter(({ level }) => level === 'warn')).toEqual([]);
  });

  it('loses an idle connection as soon as it reports to be read-only', async () => {
    // The pool closes a connection that was idle for ten seconds.
    await getMe();
    expect(connections()).toBeGreaterThan(0);
    proxy.sendToClients(parameterStatus('in_hot_standby', 'on'));
    await until('the pool is empty', () => connections() === 0);
    expect(await getMe()).toBe(200);
  });

  it('causes 503 on guarded requests and readiness, with one warning, until it accepts writes', async () => {
    await isReadOnly(true);
    proxy.cut();
    await until('the pool is empty', () => connections() === 0);
    log.clear();
    const statuses = await Promise.all(Array.from({ length: 20 }, getMe));
    const readiness = await app.request.get('/health/ready');
    await isReadOnly(false);
    const recovered = await getMe();
    expect(statuses).toEqual(statuses.map(() => 503));
    expect(readiness.body.checks.database).toMatchObject({ status: 'error', reason: 'read_only' });
    expect(readiness.status).toBe(503);
    expect(recovered).toBe(200);
    const warnings = log.records.filter(({ level, context }) => level === 'warn' && context === 'Database');
    expect(warnings.map(({ msg }) => msg)).toEqual([
      expect.stringMatching(
        /No server accepts writes\. .*default_transaction_read_only = on.*ECONNREFUSED.*Gatehouse needs the primary/,
      ),
    ]);
  });

  it('loses a connection whose statement makes it read-only, and the statement fails', async () => {
    const run = () =>
      app.app.get(Database).run(async (manager) => {
        await manager.query('SET default_transaction_read_only = on');
      });
    await expect(run()).rejects.toMatchObject({ code: 'database_unavailable' });
    expect(log.text).toContain('is read-only (default_transaction_read_only = on)');
    expect(await getMe()).toBe(200);
  });

  it('is skipped after its share of the timeout if it does not respond', async () => {
    const silent = await DatabaseProxy.start(direct.database.url);
    silent.freeze();
    const { url, servers } = parseDatabaseUrl(proxy.url.replace(/@/, `@${new URL(silent.url).host},`));
    const client = await connectDatabase({ ...app.config.database, url, servers, connectTimeout: 3_000 });
    const { rows } = await client.query<{ answer: number }>('SELECT 1 AS answer');
    await client.end();
    await silent.close();
    expect(rows).toEqual([{ answer: 1 }]);
    expect(client.port).toBe(Number(new URL(proxy.url).port));
  });
});

/** Returns the message by which PostgreSQL reports a changed parameter. */
function parameterStatus(name: string, value: string): Buffer {
  const body = Buffer.from(`${name}\0${value}\0`);
  const head = Buffer.alloc(5, 'S');
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}
