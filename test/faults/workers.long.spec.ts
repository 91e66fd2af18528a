import { copyFile, mkdtemp, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { buildSignedIn, buildUser, type SignedIn } from '../support/builders.js';
import { START_TIMEOUT_MS } from '../support/child-app.js';
import { keyPair } from '../support/key-pairs.js';
import { Load } from '../support/load.js';
import { runNode } from '../support/run-node.js';
import { TestApp, TEST_SECRET } from '../support/test-app.js';
import { TestDatabase } from '../support/test-database.js';
import { until } from '../support/until.js';
import { isAlive, WorkerProcesses } from '../support/worker-processes.js';

const GRACEFUL = { code: 0, signal: null };
const MAX_EXIT_MS = 10_000;

describe('an instance with two workers', () => {
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

  /** Sends a request on a connection of its own, so that the next worker responds. */
  const askOnce = (token: string, id?: string) => {
    const request = workers.app.as(token).get('/users/me').set('Connection', 'close');
    return id ? request.set('X-Request-Id', id) : request;
  };
  const inTurn = async <T>(times: number, act: (turn: number) => Promise<T>): Promise<T[]> => {
    const results = [];
    for (let turn = 0; turn < times; turn += 1) results.push(await act(turn));
    return results;
  };
  /** Puts load on both workers, with persistent connections and request IDs that name them. */
  const loadOf = (clients: number, name: string) => {
    let count = 0;
    const { url } = workers.app;
    return Load.startInTurn(clients, url, (client) => [
      '/users/me',
      { token: ada.accessToken, id: `${name}.${client}.${++count}` },
    ]);
  };

  describe('while it runs', () => {
    beforeAll(() => start({ RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_LOGIN_ADDRESS: '1000/15m' }));
    afterAll(() => workers.kill());

    it('serves one port from both workers, with distinct request IDs', async () => {
      const ids = await inTurn(10, async () => (await askOnce(ada.accessToken).expect(200)).get('X-Request-Id') ?? '');
      const prefixes = [...new Set(ids.map((id) => id.slice(15, 28)))];
      expect(prefixes).toHaveLength(2);
      const answers = () => [1, 2].map((number) => workers.answeredBy(number, '').filter((id) => ids.includes(id)));
      await until('all requests are logged', () => answers().flat().length === 10);
      expect(answers().map((of) => [of.length, new Set(of.map((id) => id.slice(15, 28))).size])).toEqual([
        [5, 1],
        [5, 1],
      ]);
    });

    it('rejects a session on one worker that was revoked on the other', async () => {
      const person = await buildSignedIn(direct);
      expect((await askOnce(person.accessToken, 'before')).status).toBe(200);
      await workers.app.as(person.accessToken).post('/auth/logout').set('Connection', 'close').expect(204);
      const codes = await inTurn(6, async (turn) => {
        const { body } = await askOnce(person.accessToken, `revoked-${turn}`);
        return body.code as string;
      });
      expect(codes).toEqual(Array.from({ length: 6 }, () => 'session_revoked'));
      const rejectedBy = (number: number) => workers.answeredBy(number, 'revoked-').length;
      await until('each has rejected half', () => rejectedBy(1) === 3 && rejectedBy(2) === 3);
    });

    it('allows exactly the limit of 200 parallel failed sign-ins on one account', async () => {
      const { email } = await buildUser(direct);
      const json = { email, password: 'wrong lanterns at dawn' };
      const tries = await Load.startInTurn(200, workers.app.url, (client) => [
        '/auth/login',
        { method: 'POST', json, id: `try-${client}` },
      ]);
      await tries.stop();
      expect(tries.statuses).toEqual({ 401: 10, 429: 190 });
      const triedOn = (number: number) => workers.answeredBy(number, 'try-').length;
      // The log contains only a sample of the rejections.
      await until('each has responded', () => triedOn(1) > 0 && triedOn(2) > 0);
    });

    it('restarts a worker killed under load, and only its own connections fail', async () => {
      const load = await loadOf(10, 'old');
      await until('the load has started', () => load.fewest(10) > 20);
      const [before, killed] = [workers.listening, workers.pids.get(1) ?? 0];
      // Every connection has a running request when the worker is killed.
      await direct.database.withLock('LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE', async () => {
        await until('both workers wait', async () => (await direct.database.waitingFor('sessions')).length >= 2);
        process.kill(killed, 'SIGKILL');
        await until('requests fail', () => (load.statuses[0] ?? 0) > 0);
      });
      await load.stop();
      await until('its exit is logged', () => workers.ends(1).length === 1);
      expect(workers.ends(1)).toEqual(['Worker 1 exited (SIGKILL). It is restarted in 0 s.']);

      const meanwhile = await loadOf(2, 'new');
      await until('its replacement listens', () => workers.listening === before + 1, START_TIMEOUT_MS);
      const after = await inTurn(4, async (turn) => (await askOnce(ada.accessToken, `after-${turn}`)).status);
      await meanwhile.stop();
      await until('the replacement has responded to half', () => workers.answeredBy(1, 'after-').length === 2);
      const served = new Set(workers.answeredBy(1, 'old.').map((id) => Number(id.split('.')[1])));
      const failed = load.answers.filter(({ status }) => status !== 200).map(({ client }) => client);
      expect(failed.filter((client) => !served.has(client))).toEqual([]);
      expect(served.size).toBe(5);
      expect([Object.keys(meanwhile.statuses), after]).toEqual([['200'], [200, 200, 200, 200]]);
      expect(workers.pids.get(1)).not.toBe(killed);
    });
  });

  describe('when it is stopped', () => {
    beforeEach(() => start());
    afterEach(() => workers.kill());

    it('with SIGTERM under load drops no request and exits within ten seconds', async () => {
      const load = await loadOf(20, 'load');
      await until('the load has started', () => load.fewest(20) > 10);
      const signalledAt = performance.now();
      workers.app.signal('SIGTERM');
      const exit = await workers.app.exited;
      const duration = performance.now() - signalledAt;
      await load.dismissed();
      expect(Object.keys(load.statuses)).toEqual(['200']);
      expect(exit).toEqual(GRACEFUL);
      expect(duration).toBeLessThan(MAX_EXIT_MS);
      expect([...workers.pids.values()].filter(isAlive)).toEqual([]);
    });

    it('with SIGINT to all processes, as Ctrl-C sends it, exits with code 0', async () => {
      for (const pid of [workers.app.pid, ...workers.pids.values()]) process.kill(pid, 'SIGINT');
      expect(await workers.app.exited).toEqual(GRACEFUL);
    });

    it('leaves no process behind when the primary is killed', async () => {
      const load = await loadOf(10, 'load');
      await until('the load has started', () => load.fewest(10) > 10);
      workers.app.signal('SIGKILL');
      await until('the workers have exited', () => ![...workers.pids.values()].some(isAlive));
      await load.dismissed();
      await expect(fetch(workers.app.url)).rejects.toThrow();
    });

    it('kills a worker that does not stop, and exits with code 1', async () => {
      process.kill(workers.pids.get(2) ?? 0, 'SIGSTOP');
      workers.app.signal('SIGTERM');
      expect(await workers.app.exited).toEqual({ code: 1, signal: null });
      expect(workers.app.log).toContain('Killed workers that did not stop in 12 s: 2.');
      expect([...workers.pids.values()].filter(isAlive)).toEqual([]);
    });
  });

  describe('with a worker that cannot restart', () => {
    let folder: string;
    let node: string;
    let file: string;
    const { publicPem } = keyPair('ES256');
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'gatehouse-workers-'));
      [node, file] = [join(folder, 'node'), join(folder, 'verification.pem')];
      await copyFile(process.execPath, node);
      await writeFile(file, publicPem);
      await start({ JWT_VERIFICATION_KEYS: file }, node);
    });
    afterAll(async () => {
      await workers.kill();
      await rm(folder, { recursive: true });
    });

    it('retries with a delay, logs the reason, and recovers', async () => {
      const before = workers.listening;
      await rm(file);
      process.kill(workers.pids.get(2) ?? 0, 'SIGKILL');
      await until('the worker has failed twice', () => workers.startFailures(2).length >= 2, 2 * START_TIMEOUT_MS);
      expect(workers.startFailures(2).slice(0, 2)).toEqual([
        expect.stringMatching(/JWT_VERIFICATION_KEYS[^]+ in 0\.5 s\.$/),
        expect.stringMatching(/JWT_VERIFICATION_KEYS[^]+ in 1 s\.$/),
      ]);
      expect((await askOnce(ada.accessToken)).status).toBe(200);
      await writeFile(file, publicPem);
      await until('the worker listens again', () => workers.listening === before + 1, START_TIMEOUT_MS);
    });

    it('keeps serving while the system cannot create a process, and recovers', async () => {
      const before = workers.listening;
      const away = `${node}.away`;
      await rename(node, away);
      process.kill(workers.pids.get(1) ?? 0, 'SIGKILL');
      const failedSpawns = (code: string) =>
        workers.ends(1).filter((end) => new RegExp(`^Worker 1 exited \\(spawn \\S* ?${code}\\)`).test(end));
      await until('two spawns failed', () => failedSpawns('ENOENT').length >= 2, START_TIMEOUT_MS);
      // Node.js throws ELOOP, but emits ENOENT as an event.
      await symlink(node, node);
      await until('another spawn failed', () => failedSpawns('ELOOP').length >= 1, START_TIMEOUT_MS);
      expect((await askOnce(ada.accessToken)).status).toBe(200);
      await rename(away, node);
      await until('the worker listens again', () => workers.listening === before + 1, START_TIMEOUT_MS);
      workers.app.signal('SIGTERM');
      expect(await workers.app.exited).toEqual(GRACEFUL);
    });
  });
});

describe('the connection pool of several workers', () => {
  let database: TestDatabase;
  let workers: WorkerProcesses;
  beforeAll(async () => {
    database = await TestDatabase.create();
    // Long timeouts, so that no request fails because it waited.
    const timeouts = { DB_CONNECT_TIMEOUT: '1m', DB_STATEMENT_TIMEOUT: '1m' };
    workers = await WorkerProcesses.start({ DATABASE_URL: database.url, DB_POOL_MAX: '9', ...timeouts });
  });
  afterAll(async () => {
    await workers.kill();
    await database.drop();
  });

  it('is DB_POOL_MAX in total, with two connections of each worker for session lookups only', async () => {
    const connections = async () => {
      // Otherwise the statistics do not change within a transaction.
      await database.query('SELECT pg_stat_clear_snapshot()');
      const [row] = await database.query<{ count: number }>(
        `SELECT count(*)::int FROM pg_stat_activity
          WHERE datname = current_database() AND application_name = 'gatehouse'`,
      );
      return row?.count;
    };
    await database.query('BEGIN');
    await database.query('LOCK TABLE users IN ACCESS EXCLUSIVE MODE');
    const tries = await Load.startInTurn(40, workers.app.url, (client) => [
      '/auth/login',
      { method: 'POST', json: { email: `nobody-${client}@example.com`, password: 'x' } },
    ]);
    const answered = tries.stop();
    await until('all connections for sign-ins wait', async () => (await connections()) === 5);
    await database.query('ROLLBACK');
    await answered;
    expect([tries.statuses, await connections()]).toEqual([{ 401: 40 }, 5]);
  });
});

describe('workers that cannot start', () => {
  const env = { WORKERS: '2', HOST: '127.0.0.1', JWT_SECRET: TEST_SECRET };
  const run = (more: Readonly<Record<string, string>>) => runNode('dist/src/main.js', [], { env: { ...env, ...more } });
  const times = (text: string, part: string) => text.split(part).length - 1;

  it('report an invalid configuration once, with exit code 1', async () => {
    const { code, stdout, stderr } = await run({ BCRYPT_COST: 'much' });
    expect([code, stdout]).toEqual([1, '']);
    expect(times(stderr, 'BCRYPT_COST')).toBe(1);
  });

  it('report a port in use once, with exit code 1', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    const { code, stderr } = await run({ PORT: String(port) }).finally(() => other.close());
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^[^\\n]*EADDRINUSE[^\\n]*:${port}\\n$`));
  });

  it('report a failed fork once and start no more workers', async () => {
    const script = `import cluster from 'node:cluster';
      const { fork } = cluster;
      let forks = 0;
      cluster.fork = (env) => {
        forks += 1;
        if (forks === 2) throw new Error('spawn EAGAIN');
        return fork(env);
      };`;
    const preloaded = `--import=data:text/javascript,${encodeURIComponent(script)}`;
    const { code, stdout, stderr } = await run({ WORKERS: '3', NODE_OPTIONS: preloaded });
    expect([code, stderr]).toEqual([1, 'Worker 2 exited before all workers were listening (spawn EAGAIN).\n']);
    expect(stdout.match(/Worker \d starts/g)).toEqual(['Worker 1 starts']);
  });

  it.each(['0', '257', 'many', '1.5'])('reject WORKERS=%s', async (WORKERS) => {
    expect((await run({ WORKERS })).stderr).toContain('WORKERS must be auto or a whole number from 1 to 256');
  });
});
