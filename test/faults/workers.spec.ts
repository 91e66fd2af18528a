import { copyFile, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { buildSignedIn, buildUser, type SignedIn } from '../support/builders.js';
import type { ChildApp } from '../support/child-app.js';
import { newKeyPair } from '../support/key-pairs.js';
import { Load } from '../support/load.js';
import { runNode } from '../support/run-node.js';
import { TestApp, TEST_SECRET } from '../support/test-app.js';
import { TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';
import { isAlive, WorkerProcesses } from '../support/worker-processes.js';

const GRACEFUL = { code: 0, signal: null };
/** How long, in milliseconds, an end may take. */
const BOUND = 10_000;
/** How long, in milliseconds, a new worker may take until it listens, on a busy machine: as long as any start. */
const START = 20_000;
/** How soon, in milliseconds, a new worker is started. */
const AT_ONCE = 1_000;

describe('an instance of two workers', () => {
  let direct: TestApp;
  let ada: SignedIn;
  let workers: WorkerProcesses;

  beforeAll(async () => {
    direct = await TestApp.start();
    ada = await buildSignedIn(direct);
  });
  afterAll(() => direct.close());

  const start = async (env: Readonly<Record<string, string>> = {}, node?: string) => {
    workers = await WorkerProcesses.start({ DATABASE_URL: direct.database.url, ...env }, 2, node);
    return workers;
  };
  afterEach(() => workers.app.kill());

  /** Asks on a connection of its own, so that the next worker answers. */
  const askOnce = (token: string, id?: string) => {
    const asked = workers.app.as(token).get('/users/me').set('Connection', 'close');
    return id ? asked.set('X-Request-Id', id) : asked;
  };
  const inTurn = async <T>(times: number, act: (turn: number) => Promise<T>): Promise<T[]> => {
    const results = [];
    for (let turn = 0; turn < times; turn += 1) results.push(await act(turn));
    return results;
  };
  /** Under load: connections that stay, their requests named after them. */
  const loadOf = (clients: number, name: string) => {
    let count = 0;
    const { url } = workers.app;
    return Load.start(clients, url, (client) => [
      '/users/me',
      { token: ada.accessToken, id: `${name}.${client}.${++count}` },
    ]);
  };

  it('answers on one port with both, whose request ids differ', async () => {
    await start();
    const ids = await inTurn(10, async () => (await askOnce(ada.accessToken).expect(200)).get('X-Request-Id') ?? '');
    await until('each has answered its half', () => ids.filter((id) => workers.answeredBy(1).has(id)).length === 5);
    await until('and no more', () => ids.filter((id) => workers.answeredBy(2).has(id)).length === 5);
    expect(new Set(ids.map((id) => id.slice(15, 28))).size).toBe(2);
  });

  it('refuses a session on one worker that was revoked on the other', async () => {
    await start();
    const person = await buildSignedIn(direct);
    expect((await askOnce(person.accessToken, 'before')).status).toBe(200);
    await workers.app.as(person.accessToken).post('/auth/logout').set('Connection', 'close').expect(204);
    const codes = await inTurn(6, async (turn) => {
      const { body } = await askOnce(person.accessToken, `after-${turn}`);
      return body.code as string;
    });
    expect(codes).toEqual(Array.from({ length: 6 }, () => 'session_revoked'));
    const refusedBy = (number: number) => [...workers.answeredBy(number)].filter((id) => id.startsWith('after-'));
    await until('each has refused half', () => refusedBy(1).length === 3 && refusedBy(2).length === 3);
  });

  it('lets exactly the limit through of 200 parallel wrong sign-ins on one account', async () => {
    await start({ RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_LOGIN_ADDRESS: '1000/15m' });
    const { email } = await buildUser(direct);
    const json = { email, password: 'wrong lanterns at dawn' };
    const tries = Load.once(200, workers.app.url, (client) => [
      '/auth/login',
      { method: 'POST', json, id: `try-${client}` },
    ]);
    expect((await tries).statuses).toEqual({ 401: 10, 429: 190 });
    const answering = [1, 2].map((number) => workers.answeredBy(number).size);
    expect(Math.min(...answering)).toBeGreaterThan(50);
  });

  it('replaces a worker that is killed under load, and no request fails but those on its connections', async () => {
    await start();
    const load = loadOf(10, 'old');
    await until('the load is on', () => load.answers.length > 200);
    const killed = workers.pids.get(1) ?? 0;
    process.kill(killed, 'SIGKILL');
    await until('the loss is felt', () => (load.statuses[0] ?? 0) > 0);
    await load.stop();
    const meanwhile = loadOf(2, 'new');
    await until('another listens', () => workers.listening === 3, START);
    const isNew = () => [...workers.answeredBy(1)].filter((id) => id.startsWith('after-')).length === 2;
    const after = await inTurn(4, async (turn) => (await askOnce(ada.accessToken, `after-${turn}`)).status);
    await meanwhile.stop();

    await until('the new one has answered its half', isNew);
    const served = new Set([...workers.answeredBy(1)].map((id) => /^old\.(\d+)\./.exec(id)?.[1]));
    const failed = load.answers.filter(({ status }) => status !== 200).map(({ client }) => String(client));
    expect(failed.filter((client) => !served.has(client))).toEqual([]);
    expect(failed.length).toBeLessThan(10);
    expect([Object.keys(meanwhile.statuses), after]).toEqual([['200'], [200, 200, 200, 200]]);
    expect(workers.pids.get(1)).not.toBe(killed);
    expect(workers.gap(1)).toBeLessThan(AT_ONCE);
  }, 60_000);

  it('SIGTERM under load drops no request, and ends all processes within ten seconds', async () => {
    await start();
    const load = loadOf(20, 'load');
    await until('the load is on', () => load.answers.length > 200);
    const began = Date.now();
    workers.app.signal('SIGTERM');
    const exit = await workers.app.exited;
    await load.dismissed();
    expect(Object.keys(load.statuses)).toEqual(['200']);
    expect(exit).toEqual(GRACEFUL);
    expect(Date.now() - began).toBeLessThan(BOUND);
    expect([...workers.pids.values()].filter(isAlive)).toEqual([]);
  });

  it('SIGINT to all of them, as Ctrl-C in a terminal sends it, ends them with the code 0', async () => {
    await start();
    for (const pid of [workers.app.pid, ...workers.pids.values()]) process.kill(pid, 'SIGINT');
    expect(await workers.app.exited).toEqual(GRACEFUL);
  });

  it('leaves nothing behind when the process is killed that started the workers', async () => {
    await start();
    const load = loadOf(10, 'load');
    await until('the load is on', () => load.answers.length > 100);
    await workers.app.kill();
    await until('the workers are gone', () => ![...workers.pids.values()].some(isAlive));
    await load.dismissed();
    await expect(fetch(workers.app.url)).rejects.toThrow();
  });

  it('kills a worker that does not end, and says so with the code 1', async () => {
    await start();
    process.kill(workers.pids.get(2) ?? 0, 'SIGSTOP');
    workers.app.signal('SIGTERM');
    expect(await workers.app.exited).toEqual({ code: 1, signal: null });
    expect(workers.app.log).toContain('workers 2.');
    expect([...workers.pids.values()].filter(isAlive)).toEqual([]);
  });

  it('does not spin over a worker that cannot start again, says why, and has it back when it can', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gatehouse-workers-'));
    const file = join(folder, 'verification.pem');
    const { publicPem } = newKeyPair('ES256');
    await writeFile(file, publicPem);
    await start({ JWT_VERIFICATION_KEYS: file });
    await rm(file);
    process.kill(workers.pids.get(2) ?? 0, 'SIGKILL');
    await until('it has failed twice', () => workers.complaints(2).length >= 2, START);
    expect(workers.complaints(2).slice(0, 2)).toEqual([
      expect.stringMatching(/JWT_VERIFICATION_KEYS[^]+ in 0\.5 s\.$/),
      expect.stringMatching(/JWT_VERIFICATION_KEYS[^]+ in 1 s\.$/),
    ]);
    expect((await askOnce(ada.accessToken)).status).toBe(200);
    await writeFile(file, publicPem);
    await until('it is back', () => workers.listening === 3, START);
    await rm(folder, { recursive: true });
  }, 90_000);

  it('goes on with one worker while the system makes no process for the other, and has it back when it does', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'gatehouse-workers-'));
    const node = join(folder, 'node');
    await copyFile(process.execPath, node);
    await start({}, node);
    await rm(node);
    process.kill(workers.pids.get(2) ?? 0, 'SIGKILL');
    const refused = (code: string) =>
      workers.lines.filter(({ msg }) => new RegExp(`^Worker 2 ended \\(spawn \\S* ?${code}\\)`).test(msg));
    await until('two were refused', () => refused('ENOENT').length >= 2, START);
    // Node throws this one, where it told the other as an event.
    await symlink(node, node);
    await until('another was refused', () => refused('ELOOP').length >= 1, START);
    await rm(node);
    expect((await askOnce(ada.accessToken)).status).toBe(200);
    await copyFile(process.execPath, node);
    await until('it is back', () => workers.listening === 3, START);
    workers.app.signal('SIGTERM');
    expect(await workers.app.exited).toEqual(GRACEFUL);
    await rm(folder, { recursive: true });
  }, 90_000);
});

describe('the workers of an instance', () => {
  let app: ChildApp;
  afterEach(() => app.kill());

  it('share the connections to the database, and nobody else has one', async () => {
    const database = await TestDatabase.create();
    ({ app } = await WorkerProcesses.start({ DATABASE_URL: database.url, DB_POOL_MAX: '5' }));
    const connections = async () => {
      // Within a transaction it would stay as it was at the first look.
      await database.query('SELECT pg_stat_clear_snapshot()');
      const [row] = await database.query<{ count: number }>(
        `SELECT count(*)::int FROM pg_stat_activity
          WHERE datname = current_database() AND application_name = 'gatehouse'`,
      );
      return row?.count;
    };
    await database.query('BEGIN');
    await database.query('LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
    const tries = Load.once(40, app.url, (client) => [
      '/auth/login',
      { method: 'POST', json: { email: `nobody-${client}@example.com`, password: 'x' } },
    ]);
    await until('all connections wait', async () => (await connections()) === 5);
    await database.query('ROLLBACK');
    const { statuses } = await tries;
    expect([statuses, await connections()]).toEqual([{ 401: 40 }, 5]);
    await database.drop();
  });
});

describe('workers that cannot start', () => {
  const env = { WORKERS: '3', HOST: '127.0.0.1', JWT_SECRET: TEST_SECRET };
  const run = (more: Readonly<Record<string, string>>) => runNode('dist/src/main.js', [], { env: { ...env, ...more } });
  const times = (text: string, part: string) => text.split(part).length - 1;

  it('for a bad configuration say so once, with the code 1', async () => {
    const { code, stdout, stderr } = await run({ BCRYPT_COST: 'much' });
    expect([code, stdout]).toEqual([1, '']);
    expect(times(stderr, 'BCRYPT_COST')).toBe(1);
  });

  it('for a port that is taken say so once, with the code 1', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { code, stderr } = await run({ PORT: String(port) });
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^[^\\n]*EADDRINUSE[^\\n]*:${port}\\n$`));
    other.close();
  });

  it.each(['0', '257', 'many', '1.5'])('are not %s of them', async (WORKERS) => {
    expect((await run({ WORKERS })).stderr).toContain('WORKERS must be auto or a whole number from 1 to 256');
  });
});
