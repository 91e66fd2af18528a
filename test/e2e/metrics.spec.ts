import { request as httpRequest } from 'node:http';
import { MetricsListener } from '../../src/platform/metrics/metrics-listener.js';
import { MetricsService } from '../../src/platform/metrics/metrics.service.js';
import { REVOCATION_REASONS } from '../../src/sessions/revocation.js';
import { UpkeepService } from '../../src/platform/upkeep/upkeep.service.js';
import { buildSignedIn, buildUser } from '../support/builders.js';
import { Metrics } from '../support/metrics.js';
import { alertQueries, dashboardQueries } from '../support/monitoring.js';
import { ProbeWaitsModule } from '../support/probe-waits-module.js';
import { exchange, rawRequest } from '../support/raw-http.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const REQUESTS = 'http_server_request_duration_seconds_count';

describe('metrics', () => {
  let app: TestApp;
  let url: string;
  beforeAll(async () => {
    const env = { METRICS_PORT: '0', RATE_LIMIT_ENABLED: 'true', RATE_LIMIT_LOGIN_ACCOUNT: '3/1h' };
    app = await TestApp.start({ imports: [ProbeWaitsModule], env });
    url = app.app.get(MetricsService).url ?? '';
  });
  afterAll(() => app.close());

  it('start with a series for each known revocation, limit and result', async () => {
    const metrics = await Metrics.of(app);
    const values = (name: string, label: string) => metrics.labelValues(name, label);
    expect(values('gatehouse_session_revocations_total', 'reason')).toEqual([...REVOCATION_REASONS].sort());
    expect(values('gatehouse_rate_limit_rejections_total', 'limit')).toContain('login-account');
    expect(values('gatehouse_refreshes_total', 'result')).toContain('refresh_token_reused');
    expect(values('gatehouse_sign_ins_total', 'result')).toContain('invalid_credentials');
  });

  it('label requests by route template, method and status, without ID, email or path', async () => {
    const ada = await buildSignedIn(app);
    await app.as(ada.accessToken).delete(`/sessions/${ada.sessionId}`).expect(204);
    await app.as(ada.accessToken).get('/users/me?secret=1').expect(401);
    const metrics = await Metrics.of(app);
    const labels = { http_route: '/sessions/:id', http_request_method: 'DELETE' };
    expect(metrics.value(REQUESTS, { ...labels, http_response_status_code: '204' })).toBe(1);
    for (const text of [ada.id, ada.sessionId, ada.email, 'secret=', '127.0.0.1']) {
      expect(metrics.text).not.toContain(text);
    }
  });

  it('have one label value for all unknown paths and one for all unusual methods', async () => {
    for (const path of ['/nothing', '/else', '/users/me/x']) await app.request.get(path).expect(404);
    for (const method of ['PROPFIND', 'REPORT']) await exchange(app, rawRequest(`${method} /nothing`));
    const metrics = await Metrics.of(app);
    expect(metrics.value(REQUESTS, { http_route: '', http_request_method: 'GET' })).toBe(3);
    expect(metrics.value(REQUESTS, { http_route: '', http_request_method: '_OTHER' })).toBe(2);
    expect(metrics.labelValues(REQUESTS, 'http_route')).not.toContain('/nothing');
  });

  it('count active requests, and aborted ones with status 499', async () => {
    const waiting = httpRequest(`${app.url}/probe-waits/1`).on('error', () => undefined);
    waiting.end();
    const active = async () => (await Metrics.of(app)).value('http_server_active_requests');
    await until('the request is active', async () => (await active()) === 1);
    waiting.destroy();
    await until('the request has ended', async () => (await active()) === 0);
    const metrics = await Metrics.of(app);
    const labels = { http_route: '/probe-waits/:id', http_response_status_code: '499' };
    expect(metrics.value(REQUESTS, labels)).toBe(1);
    expect(metrics.value('http_server_aborted_requests_total', labels)).toBe(1);
  });

  it('count what happens to accounts and sessions', async () => {
    const before = await Metrics.of(app);
    const grown = async (name: string, labels: Record<string, string> = {}) =>
      (await Metrics.of(app)).value(name, labels) - before.value(name, labels);
    const ada = await buildSignedIn(app);
    const { email } = await buildUser(app);
    for (let i = 0; i < 4; i += 1) await app.request.post('/auth/login').send({ email, password: 'wrong password' });
    await app.request.post('/auth/refresh').send({ refreshToken: ada.refreshToken }).expect(200);
    await app.database.query(`UPDATE sessions SET refreshed_at = now() - interval '1 hour', is_pair_used = true`);
    await app.request.post('/auth/refresh').send({ refreshToken: ada.refreshToken }).expect(401);
    expect(await grown('gatehouse_sign_ins_total', { result: 'success' })).toBe(1);
    expect(await grown('gatehouse_sign_ins_total', { result: 'invalid_credentials' })).toBe(3);
    expect(await grown('gatehouse_rate_limit_rejections_total', { limit: 'login-account' })).toBe(1);
    expect(await grown('gatehouse_refreshes_total', { result: 'success' })).toBe(1);
    expect(await grown('gatehouse_refreshes_total', { result: 'refresh_token_reused' })).toBe(1);
    expect(await grown('gatehouse_session_revocations_total', { reason: 'refresh_reuse' })).toBe(1);
    const hashes = { pool: 'password-hash.worker' };
    expect(await grown('gatehouse_thread_task_duration_seconds_count', hashes)).toBeGreaterThanOrEqual(4);
  });

  it('measure lookups, statements by name or table, and the pool', async () => {
    const { accessToken } = await buildSignedIn(app);
    await app.as(accessToken).get('/users/me').expect(200);
    const metrics = await Metrics.of(app);
    expect(metrics.value('gatehouse_session_lookup_batch_size_count')).toBeGreaterThan(0);
    const summaries = metrics.labelValues('db_client_operation_duration_seconds_count', 'db_query_summary');
    expect(summaries).toEqual(expect.arrayContaining(['find_sessions_for_guard', 'COMMIT', 'INSERT sessions']));
    expect(summaries.filter((summary) => !/^[a-zA-Z_ ]{4,40}$/.test(summary))).toEqual([]);
    expect(metrics.value('db_client_connection_max')).toBe(10);
    expect(metrics.value('db_client_connection_count')).toBeGreaterThan(0);
    expect(metrics.value('db_client_connection_wait_time_seconds_count')).toBeGreaterThan(0);
    for (const name of [
      'gatehouse_session_lookup_waiting',
      'gatehouse_session_lookup_slow_lanes',
      'gatehouse_hash_queue_length',
    ]) {
      expect(metrics.names).toContain(name);
      expect(metrics.value(name)).toBe(0);
    }
  });

  it('show the oldest unsent mail and the last pruning', async () => {
    await app.database.query(
      `INSERT INTO mails (id, kind, recipient, created_at)
       VALUES (gen_random_uuid(), 'x', 'x@example.com', now() - interval '1 hour')`,
    );
    await app.app.get(UpkeepService).pruneIfDue();
    const age = async () => (await Metrics.of(app)).value('gatehouse_oldest_unsent_mail_age_seconds');
    await until('the cached age has expired', async () => (await age()) >= 3_600);
    const pruned = (await Metrics.of(app)).value('gatehouse_last_pruning_timestamp_seconds');
    expect(Math.abs(Date.now() / 1_000 - pruned)).toBeLessThan(60);
  });

  it('describe the process and the build', async () => {
    const { names, ...metrics } = await Metrics.of(app);
    expect(metrics.text).toMatch(/^gatehouse_build_info\{version="\d+\.\d+\.\d+"\} 1$/m);
    for (const name of ['nodejs_eventloop_lag_p99_seconds', 'process_resident_memory_bytes', 'process_open_fds']) {
      expect(names).toContain(name);
    }
  });

  it('include every name in the dashboard and the alert rules', async () => {
    // The first is missing until memory is collected, and the second while the database is slow. Scrapes fill the memory.
    const late = ['nodejs_gc_duration_seconds_sum', 'gatehouse_oldest_unsent_mail_age_seconds'];
    let metrics = await Metrics.of(app);
    await until('the scrape has these names', async () => {
      metrics = await Metrics.of(app);
      return late.every((name) => metrics.names.has(name));
    });
    const { names, labels } = metrics;
    const queries = [...alertQueries(), ...dashboardQueries().map(({ query }) => query)];
    expect(queries.length).toBeGreaterThan(40);
    const used = queries.flatMap((query) => query.match(/\b(?:http|db|gatehouse|nodejs|process)_\w+/g) ?? []);
    expect([...new Set(used)].filter((name) => !names.has(name) && !labels.has(name))).toEqual([]);
  });

  it('are not served on the public port', async () => {
    await app.request.get('/metrics').expect(404);
    expect(new URL(url).port).not.toBe(new URL(app.url).port);
  });

  it('are served for GET /metrics only', async () => {
    expect((await fetch(url, { method: 'POST' })).status).toBe(405);
    expect((await fetch(new URL('/users/me', url))).status).toBe(404);
  });

  it('prevent the start if their port is in use', async () => {
    const { hostname: host, port } = new URL(url);
    const starting = MetricsListener.start({ host, port: Number(port) }, () => Promise.resolve(''));
    await expect(starting).rejects.toThrow(
      /^The server cannot listen. Check METRICS_HOST and METRICS_PORT: .*EADDRINUSE/,
    );
  });

  it('are not served without METRICS_PORT, nor after the shutdown', async () => {
    const { database } = app;
    const off = await TestApp.start({ database });
    expect(off.app.get(MetricsService).url).toBeUndefined();
    await off.close();
    const on = await TestApp.start({ database, env: { METRICS_PORT: '0' } });
    const served = on.app.get(MetricsService).url ?? '';
    await Metrics.from(served);
    await on.close();
    await expect(fetch(served)).rejects.toThrow('fetch failed');
  });
});
