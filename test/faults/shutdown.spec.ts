import { buildSignedIn } from '../support/builders.js';
import { ChildApp } from '../support/child-app.js';
import { Load } from '../support/load.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

/** The slow cases are in `shutdown.long.spec.ts`. */
describe('SIGTERM', () => {
  it('lets running requests finish and writes buffered data before the process exits', async () => {
    const direct = await TestApp.start();
    const ada = await buildSignedIn(direct);
    await direct.database.query(`UPDATE sessions SET last_seen_at = now() - interval '1 hour'`);
    const app = await ChildApp.start({ DATABASE_URL: direct.database.url });
    try {
      const load = await direct.database.withLock('LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE', async () => {
        const started = Load.start(1, app.url, () => ['/users/me', { token: ada.accessToken }]);
        await until('the request waits', async () => (await direct.database.waitingFor('sessions')).length > 0);
        app.signal('SIGTERM');
        await until('the process stops listening', () =>
          fetch(app.url).then(
            () => false,
            () => true,
          ),
        );
        return started;
      });
      expect(await app.exited).toEqual({ code: 0, signal: null });
      await load.dismissed();
      expect(load.answers).toEqual([expect.objectContaining({ status: 200, closes: true })]);
      const [row] = await direct.database.query<{ isFresh: boolean }>(
        `SELECT last_seen_at > now() - interval '1 minute' AS "isFresh" FROM sessions`,
      );
      expect(row?.isFresh).toBe(true);
    } finally {
      await app.kill();
      await direct.close();
    }
  });

  it('makes readiness 503 while requests are served, and a second one stops the process', async () => {
    const direct = await TestApp.start();
    const ada = await buildSignedIn(direct);
    const app = await ChildApp.start({ DATABASE_URL: direct.database.url, SHUTDOWN_DELAY: '5m' });
    try {
      await app.request.get('/health/ready').expect(200);
      app.signal('SIGTERM');
      const readiness = () => app.request.get('/health/ready').then(({ body }) => body.status as string);
      await until('the instance is not ready', async () => (await readiness()) === 'shutting_down');
      await app.request.get('/health/ready').expect(503);
      await app.request.get('/health/live').expect(200);
      expect(app.log).toContain('Got SIGTERM.');
      expect(app.log).toMatch(/"level":"warn".+GET \/health\/ready 503/);
      await app.as(ada.accessToken).get('/users/me').expect(200).expect('Connection', 'close');
      // The first second belongs to the first signal, because Ctrl-C can send several.
      const stopNow = setInterval(() => app.signal('SIGTERM'), 200);
      const exit = await app.exited.finally(() => clearInterval(stopNow));
      expect(exit).toEqual({ code: 1, signal: null });
    } finally {
      await app.kill();
      await direct.close();
    }
  });
});
