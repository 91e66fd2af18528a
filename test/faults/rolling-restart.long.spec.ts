import { Agent } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { send } from '../../bench/support/client.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { ChildApp } from '../support/child-app.js';
import { ReverseProxy } from '../support/reverse-proxy.js';
import { stablePort } from '../support/stable-port.js';
import { TestApp } from '../support/test-app.js';

const CONNECTIONS = 64;
const DURATION_MS = 60_000;
/** HAProxy sends requests to a new instance after two checks, one per second. */
const SETTLE_MS = 4_000;
const TEST_TIMEOUT_MS = 240_000;

if (!ReverseProxy.areInstalled) console.warn('HAProxy or nginx is not installed. Their tests are skipped.');
const suite = ReverseProxy.areInstalled ? describe : describe.skip;

suite.each(['haproxy', 'nginx'] as const)('restarting two instances in turn behind %s', (name) => {
  let direct: TestApp;
  let ada: SignedIn;
  let ports: [string, string];
  const instances = new Map<string, ChildApp>();
  beforeAll(async () => {
    direct = await TestApp.start();
    ada = await buildSignedIn(direct);
    ports = [String(await stablePort()), String(await stablePort())];
    for (const port of ports) await startOn(port);
  });
  afterAll(async () => {
    for (const instance of instances.values()) await instance.kill();
    await direct.close();
  });

  async function startOn(port: string): Promise<void> {
    // Long timeouts, because a busy machine must not fail a request.
    const timeouts = { DB_CONNECT_TIMEOUT: '30s', DB_STATEMENT_TIMEOUT: '30s', REQUEST_TIMEOUT: '1m' };
    const env = { PORT: port, DATABASE_URL: direct.database.url, SHUTDOWN_DELAY: '5s', TRUST_PROXY: 'loopback' };
    instances.set(port, await ChildApp.start({ ...env, ...timeouts }));
  }

  /** Returns how many requests got each status. 0 is a failed connection. */
  async function load(url: string, until: number): Promise<Record<number, number>> {
    const statuses: Record<number, number> = {};
    const clients = Array.from({ length: CONNECTIONS }, async () => {
      const agent = new Agent({ keepAlive: true, maxSockets: 1 });
      while (Date.now() < until) {
        const { status } = await send(agent, new URL('/users/me', url), { token: ada.accessToken });
        statuses[status] = (statuses[status] ?? 0) + 1;
      }
      agent.destroy();
    });
    await Promise.all(clients);
    return statuses;
  }

  async function restartInTurn(until: number): Promise<number> {
    let restarts = 0;
    while (Date.now() < until) {
      const port = ports[restarts % 2] ?? '';
      instances.get(port)?.signal('SIGTERM');
      await instances.get(port)?.exited;
      await startOn(port);
      await sleep(SETTLE_MS);
      restarts += 1;
    }
    return restarts;
  }

  it.each([1, 2, 3])(
    'fails no request of 64 connections in 60 seconds, in run %i',
    async () => {
      const proxy = await ReverseProxy.start(name, ports);
      // After a run, HAProxy must check both again.
      await sleep(SETTLE_MS);
      const end = Date.now() + DURATION_MS;
      const [statuses, restarts] = await Promise.all([load(proxy.url, end), restartInTurn(end)]);
      await proxy.stop();
      expect(restarts).toBeGreaterThan(1);
      expect(Object.keys(statuses)).toEqual(['200']);
    },
    TEST_TIMEOUT_MS,
  );
});
