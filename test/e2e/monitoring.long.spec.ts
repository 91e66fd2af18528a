import { request as httpRequest } from 'node:http';
import { MetricsService } from '../../src/platform/metrics/metrics.service.js';
import { buildSignedIn, buildUser } from '../support/builders.js';
import { alertQueries, ALERTS, dashboardQueries } from '../support/monitoring.js';
import { ProbeWaitsModule } from '../support/probe-waits-module.js';
import { Prometheus } from '../support/prometheus.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

/** Needs the Debian package `prometheus`. */
(Prometheus.isInstalled ? describe : describe.skip)('a real Prometheus', () => {
  let app: TestApp;
  let prometheus: Prometheus;
  let traffic: NodeJS.Timeout;
  let isBusy = false;

  beforeAll(async () => {
    const limits = {
      RATE_LIMIT_ENABLED: 'true',
      RATE_LIMIT_LOGIN_ACCOUNT: '2/1h',
      RATE_LIMIT_LOGIN_ADDRESS: '9999/1s',
    };
    const more = { RATE_LIMIT_REFRESH_ADDRESS: '9999/1s', RATE_LIMIT_REFRESH_ACCOUNT: '9999/1s' };
    app = await TestApp.start({
      imports: [ProbeWaitsModule],
      env: { METRICS_PORT: '0', PRUNE_INTERVAL: '1s', ...limits, ...more },
    });
    await app.database.query(`ALTER TABLE users ADD CONSTRAINT ck_boom CHECK (name <> 'boom')`);
    prometheus = await Prometheus.start(app.app.get(MetricsService).url ?? '');
    traffic = setInterval(() => {
      if (isBusy) return;
      isBusy = true;
      void use().finally(() => (isBusy = false));
    }, 200);
  });
  afterAll(async () => {
    clearInterval(traffic);
    await until('the last traffic has ended', () => !isBusy);
    await prometheus.stop();
    await app.close();
  });

  /** Causes what each panel of the dashboard shows. */
  async function use(): Promise<void> {
    const ada = await buildSignedIn(app);
    const { email } = await buildUser(app);
    for (let i = 0; i < 4; i += 1) await app.request.post('/auth/login').send({ email, password: 'wrong password' });
    await app.as(ada.accessToken).get('/users/me');
    await app.as(ada.accessToken).patch('/users/me').send({ name: 'boom' });
    await app.request.post('/auth/refresh').send({ refreshToken: ada.refreshToken });
    await app.as(ada.accessToken).post('/auth/logout');
    const aborted = httpRequest(`${app.url}/probe-waits/1`).on('error', () => undefined);
    aborted.end();
    setTimeout(() => aborted.destroy(), 50);
  }

  it('accepts the alert rules and the format of the metrics', async () => {
    expect(Prometheus.promtool(['check', 'rules', ALERTS])).toContain(`${alertQueries().length} rules found`);
    await until('all rules were evaluated', async () => {
      const rules = await prometheus.rules();
      return rules.length === alertQueries().length && rules.every(({ health }) => health === 'ok');
    });
  });

  it('returns data for every query of the dashboard', async () => {
    const queries = dashboardQueries();
    expect(queries.length).toBeGreaterThan(30);
    for (const { title, query } of queries) {
      const text = query.replaceAll('$__rate_interval', '15s').replaceAll('$job', '.*');
      await until(`"${title}" has data: ${text}`, async () => {
        const values = await prometheus.query(text);
        return values.some((value) => !Number.isNaN(value));
      });
    }
  });
});
