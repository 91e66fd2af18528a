import { buildSignedIn } from '../support/builders.js';
import { Metrics } from '../support/metrics.js';
import { stablePort } from '../support/stable-port.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';
import { isAlive, WorkerProcesses } from '../support/worker-processes.js';

/** The slow cases are in `workers.long.spec.ts`. One start of two workers shows the rest. */
describe('an instance with two workers', () => {
  let direct: TestApp;
  let workers: WorkerProcesses;
  let metricsUrl: string;
  beforeAll(async () => {
    direct = await TestApp.start();
    const port = await stablePort();
    metricsUrl = `http://127.0.0.1:${port}/metrics`;
    workers = await WorkerProcesses.start({ DATABASE_URL: direct.database.url, METRICS_PORT: String(port) });
  });
  afterAll(async () => {
    await workers.kill();
    await direct.close();
  });

  /** Sends a request on a connection of its own, so that the other worker gets the next one. */
  const getMe = (token: string, requestId: string) =>
    workers.app.as(token).get('/users/me').set('Connection', 'close').set('X-Request-Id', requestId);

  it('rejects a session on both workers after one revoked it', async () => {
    const { accessToken } = await buildSignedIn(direct);
    for (const id of ['used-1', 'used-2']) await getMe(accessToken, id).expect(200);
    await workers.app.as(accessToken).post('/auth/logout').set('Connection', 'close').expect(204);
    for (let turn = 0; turn < 4; turn += 1) {
      const { body } = await getMe(accessToken, `revoked-${turn}`).expect(401);
      expect(body.code).toBe('session_revoked');
    }
    const rejectedBy = (number: number) => workers.answeredBy(number, 'revoked-').length;
    await until('each worker has rejected half', () => rejectedBy(1) === 2 && rejectedBy(2) === 2);
  });

  /** Scrapes until this many workers have answered in time, which a busy one may not. Returns the number of requests. */
  const requests = async (workersThatAnswer: number) => {
    const scrapes: Metrics[] = [];
    await until('the workers answer', async () => {
      scrapes.push(await Metrics.from(metricsUrl));
      return scrapes.at(-1)?.value('gatehouse_build_info') === workersThatAnswer;
    });
    return scrapes.at(-1)?.value('http_server_request_duration_seconds_count', { http_route: '/users/me' });
  };

  it('adds up the metrics of its workers', async () => {
    expect(await requests(2)).toBe(6);
  });

  it('serves metrics while a worker does not answer, without its current values', async () => {
    const pid = workers.pids.get(2) ?? 0;
    process.kill(pid, 'SIGSTOP');
    try {
      expect(await requests(1)).toBe(6);
    } finally {
      process.kill(pid, 'SIGCONT');
    }
  });

  it('restarts a worker that is killed', async () => {
    const before = workers.listening;
    process.kill(workers.pids.get(1) ?? 0, 'SIGKILL');
    await until('the new worker listens', () => workers.listening === before + 1);
    expect(workers.ends(1)).toEqual(['Worker 1 exited (SIGKILL). It is restarted in 0 s.']);
  });

  it('keeps the totals of a worker that exited', async () => {
    expect(await requests(2)).toBe(6);
  });

  it('stops all processes on SIGTERM, with exit code 0', async () => {
    workers.app.signal('SIGTERM');
    expect(await workers.app.exited).toEqual({ code: 0, signal: null });
    expect([...workers.pids.values()].filter(isAlive)).toEqual([]);
  });
});
