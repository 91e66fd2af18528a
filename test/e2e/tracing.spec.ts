import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  SimpleSpanProcessor,
  type ReadableSpan,
} from '@opentelemetry/sdk-trace-base';
import { buildSignedIn, buildUser, type SignedIn } from '../support/builders.js';
import { LogLines } from '../support/log-lines.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const SPAN = '00f067aa0ba902b7';
const TRACEPARENT = `00-${TRACE}-${SPAN}-01`;

const idOf = (span: ReadableSpan | undefined) => span?.spanContext().spanId;

describe('tracing with a registered provider', () => {
  const exporter = new InMemorySpanExporter();
  const log = new LogLines();
  let app: TestApp;
  let ada: SignedIn;

  beforeAll(async () => {
    const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] });
    trace.setGlobalTracerProvider(provider);
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    app = await TestApp.start({ log });
    ada = await buildSignedIn(app);
  });
  afterAll(async () => {
    trace.disable();
    context.disable();
    await app.close();
  });
  beforeEach(() => {
    exporter.reset();
    log.clear();
  });

  /** Returns the spans once the request has ended. */
  async function spansOf(name: string) {
    const find = (wanted: string) => exporter.getFinishedSpans().find((span) => span.name === wanted);
    await until(`the span ${name} has ended`, () => find(name) !== undefined);
    return find;
  }

  it('creates a span with the route for the request, in its client’s trace', async () => {
    await app.as(ada.accessToken).get('/users/me?a=1').set('traceparent', TRACEPARENT).expect(200);
    const span = (await spansOf('GET /users/me'))('GET /users/me');
    expect(span?.spanContext().traceId).toBe(TRACE);
    expect(span?.parentSpanContext?.spanId).toBe(SPAN);
    expect(span?.attributes).toEqual({
      'http.request.method': 'GET',
      'http.response.status_code': 200,
      'http.route': '/users/me',
      'url.path': '/users/me',
      'url.scheme': 'http',
    });
  });

  it('creates a lookup span that links to its requests and contains the statement', async () => {
    const get = () => app.as(ada.accessToken).get('/users/me').expect(200);
    await Promise.all([get(), get(), get()]);
    const requestSpans = () => exporter.getFinishedSpans().filter(({ name }) => name === 'GET /users/me');
    await until('all requests have ended', () => requestSpans().length === 3);
    const spans = exporter.getFinishedSpans();
    const lookups = spans.filter(({ name }) => name === 'session lookup');
    const linked = lookups.flatMap(({ links }) => links.map((link) => link.context.spanId)).sort();
    expect(linked).toEqual(requestSpans().map(idOf).sort());
    const statements = spans.filter(({ name }) => name === 'find_sessions_for_guard');
    expect(statements.map((span) => span.parentSpanContext?.spanId).sort()).toEqual(lookups.map(idOf).sort());
    expect(lookups.map(({ parentSpanContext }) => parentSpanContext)).toEqual(lookups.map(() => undefined));
  });

  it('creates spans for the statements of a request', async () => {
    const { email, password } = await buildUser(app);
    await app.request.post('/auth/login').send({ email, password }).expect(200);
    const find = await spansOf('POST /auth/login');
    const request = idOf(find('POST /auth/login'));
    for (const name of ['SELECT users', 'INSERT sessions', 'COMMIT']) {
      expect([name, find(name)?.parentSpanContext?.spanId]).toEqual([name, request]);
      expect(find(name)?.attributes).toEqual({ 'db.system.name': 'postgresql', 'db.query.summary': name });
    }
  });

  it('marks the span of an unexpected error, and puts its IDs into the log', async () => {
    await app.database.query('ALTER TABLE users ADD CONSTRAINT ck_boom CHECK (name <> $$boom$$) NOT VALID');
    await app.as(ada.accessToken).patch('/users/me').set('traceparent', TRACEPARENT).send({ name: 'boom' }).expect(500);
    const span = (await spansOf('PATCH /users/me'))('PATCH /users/me');
    expect(span).toMatchObject({ status: { code: 2 }, attributes: { 'error.type': 'internal_error' } });
    const ids = { trace_id: TRACE, span_id: idOf(span) };
    await until('the request is logged', () => log.records.some(({ status }) => status === 500));
    expect(log.records.find(({ status }) => status === 500)).toMatchObject(ids);
    expect(log.records.find(({ msg }) => msg === 'Unexpected error')).toMatchObject(ids);
  });
});

describe('tracing without a provider', () => {
  const log = new LogLines();
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({ log, env: { DB_TRACE_COMMENTS: 'true', DB_PREPARED_STATEMENTS: 'false' } });
  });
  afterAll(() => app.close());

  it('puts a valid traceparent into the log line and ignores an invalid one', async () => {
    for (const header of [TRACEPARENT, TRACEPARENT.toUpperCase()]) {
      log.clear();
      await app.request.get('/users/me').set('traceparent', header).expect(401);
      const line = () => log.records.find(({ status }) => status === 401);
      await until('the request is logged', () => line() !== undefined);
      const isValid = header === TRACEPARENT;
      expect(line()?.['trace_id']).toBe(isValid ? TRACE : undefined);
      expect(line()?.['span_id']).toBe(isValid ? SPAN : undefined);
    }
  });

  /** Returns the text of a statement that waits for a lock. */
  async function textOf(lock: string, send: () => PromiseLike<unknown>): Promise<string | undefined> {
    await app.database.query('BEGIN');
    await app.database.query(lock);
    const sent = Promise.resolve(send());
    await until('the statement waits', async () => (await app.database.waiting()).length > 0);
    const [row] = await app.database.query<{ query: string }>('SELECT query FROM pg_stat_activity WHERE pid = $1', [
      ...(await app.database.waiting()),
    ]);
    await app.database.query('ROLLBACK');
    await sent;
    return row?.query;
  }

  it('comments statements with trace and route, except those that serve several requests', async () => {
    const { accessToken, id } = await buildSignedIn(app);
    const patch = () =>
      app.as(accessToken).patch('/users/me').set('traceparent', TRACEPARENT).send({ name: 'Ada' }).expect(200);
    const ofRequest = await textOf(`SELECT FROM users WHERE id = '${id}' FOR UPDATE`, patch);
    expect(ofRequest?.endsWith(` /*route='%2Fusers%2Fme',traceparent='${TRACEPARENT}'*/`)).toBe(true);
    const ofLookup = await textOf('LOCK TABLE sessions IN ACCESS EXCLUSIVE MODE', patch);
    expect(ofLookup).toContain('unnest(');
    expect(ofLookup).not.toContain('/*');
  });
});
