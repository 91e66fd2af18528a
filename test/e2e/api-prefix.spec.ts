import { Body, Controller, Get, Module, Post, Version, VersioningType } from '@nestjs/common';
import { IsString } from 'class-validator';
import { ROUTE_CALLS } from '../../bench/routes/calls.js';
import { Public } from '../../src/http/public.decorator.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { cookieHeaderAfter, cookiesOf } from '../support/cookies.js';
import { expectProblem } from '../support/expect-problem.js';
import { LogLines } from '../support/log-lines.js';
import { readOperations } from '../support/operations.js';
import { RouteWorld } from '../support/route-world.js';
import { routesOf } from '../support/routes.js';
import { until } from '../support/until.js';
import { TestApp, type TestAppOptions } from '../support/test-app.js';

class ProbeNoteDto {
  @IsString()
  title!: string;
}

@Public()
@Controller({ path: 'probe-notes', version: ['1', '2'] })
class ProbeNotesController {
  @Get()
  list(): object {
    return { of: 'both versions' };
  }

  @Version('3')
  @Post()
  create(@Body() note: ProbeNoteDto): ProbeNoteDto {
    return note;
  }
}

@Module({ controllers: [ProbeNotesController] })
class NotesModule {}

/** The paths of controllers that must not depend on a version of the API. */
const AT_ROOT = /^\/(health|\.well-known)\//;

const cases: [what: string, options: TestAppOptions, servedAt: (path: string) => string][] = [
  ['API_PREFIX', { env: { API_PREFIX: '/api/v1' } }, (path) => (AT_ROOT.test(path) ? path : `/api/v1${path}`)],
  [
    'setGlobalPrefix and URI versions',
    {
      configure: (app) => {
        app.setGlobalPrefix('api');
        app.enableVersioning({ type: VersioningType.URI, defaultVersion: '1' });
      },
    },
    (path) => (AT_ROOT.test(path) ? `/api${path}` : `/api/v1${path}`),
  ],
];

describe.each(cases)('an application with %s', (_, options, servedAt) => {
  const log = new LogLines();
  let direct: TestApp;
  let app: TestApp;
  let ada: SignedIn;
  beforeAll(async () => {
    direct = await TestApp.start();
    app = await TestApp.start({ ...options, database: direct.database, imports: [NotesModule], log });
    ada = await buildSignedIn(direct);
  });
  afterAll(() => direct.close());

  it('serves every route of Gatehouse under its new path only', async () => {
    const world = new RouteWorld(direct, app);
    const statuses: [string, number][] = [];
    for (const { route, prepare } of ROUTE_CALLS) {
      const request = await prepare(world);
      const { status } = await world.answer({ ...request, path: servedAt(request.path) });
      statuses.push([route, status]);
    }
    expect(statuses.filter(([, status]) => status >= 300)).toEqual([]);
    expect((await app.as(ada.accessToken).get('/users/me')).status).toBe(404);
  });

  it('rejects a revoked session on the next request', async () => {
    const { body } = await app.request
      .post(servedAt('/auth/login'))
      .send({ email: ada.email, password: ada.password })
      .expect(200);
    const as = app.as(body.accessToken as string);
    await as.get(servedAt('/users/me')).expect(200);
    await as.post(servedAt('/auth/logout')).expect(204);
    expectProblem(await as.get(servedAt('/users/me')), 401, 'session_revoked');
  });

  it('limits the refresh cookie to the routes below its prefix', async () => {
    const { email, password } = ada;
    const body = { email, password, tokenDelivery: 'cookie' };
    const answer = await app.request.post(servedAt('/auth/login')).send(body).expect(200);
    expect(cookiesOf(answer)[0]).toContain(`; Path=${servedAt('/auth')}; `);
    await app.request
      .post(servedAt('/auth/refresh'))
      .set({ Cookie: cookieHeaderAfter(answer), Origin: app.url })
      .expect(200);
  });

  it('documents exactly the routes that it serves', async () => {
    const operations = await readOperations(app);
    expect(operations.map(({ name }) => name).sort()).toEqual(
      routesOf(app)
        .map(({ name }) => name)
        .sort(),
    );
    const own = ROUTE_CALLS.map(({ route }) => route.replace(/\/.*/, servedAt));
    expect(operations.map(({ name }) => name)).toEqual(expect.arrayContaining(own));
    const ids = operations.map(({ documented }) => documented.operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('documents a token endpoint that takes a form', async () => {
    const { body } = await app.request.get('/openapi.json').expect(200);
    const { tokenUrl } = body.components.securitySchemes.signIn.flows.password as { tokenUrl: string };
    expect(`/${tokenUrl}`).toBe(servedAt('/auth/token'));
    const form = { grant_type: 'password', username: ada.email, password: ada.password };
    const granted = await app.request.post(`/${tokenUrl}`).type('form').send(form).expect(200);
    expect((await app.as(granted.body.access_token as string).get(servedAt('/users/me'))).body.id).toBe(ada.id);
    const rejected = await app.request
      .post(`/${tokenUrl}`)
      .type('form')
      .send({ ...form, password: 'wrong' })
      .expect(400);
    expect(rejected.body.error).toBe('invalid_grant');
  });

  it('describes its OAuth endpoints with their paths', async () => {
    const { body } = await app.request.get(servedAt('/.well-known/oauth-authorization-server')).expect(200);
    const endpoints = ['token_endpoint', 'introspection_endpoint', 'revocation_endpoint'].map(
      (name) => body[name] as string,
    );
    expect(endpoints).toEqual(
      ['/auth/token', '/auth/introspect', '/auth/revoke'].map((path) => app.config.publicUrl + servedAt(path)),
    );
  });

  it.each([
    ['an unknown path', 'get', '/nothing', 404, 'not_found'],
    ['a malformed body', 'post', '/auth/login', 400, 'malformed_body'],
    ['an unknown path with a malformed body', 'post', '/nothing', 404, 'not_found'],
    ['a wrong method', 'put', '/users/me', 405, 'method_not_allowed'],
    ['a path without a token', 'get', '/users/me', 401, 'token_missing'],
    ['broken percent-encoding', 'get', '/sessions/%zz', 400, 'bad_request'],
  ] as const)('responds to %s with the full path as instance', async (what, method, path, status, code) => {
    const request = app.request[method](servedAt(path));
    const answer = await (what.includes('body') ? request.set('Content-Type', 'application/json').send('{') : request);
    expectProblem(answer, status, code);
  });

  it('responds to an unknown path outside the prefix with a problem document', async () => {
    for (const path of ['/', '/nothing', '/auth/login', '/api', '/apiary'])
      expectProblem(await app.request.post(path).send({}), 404, 'not_found');
  });

  it('lists the methods of a path', async () => {
    const answer = await app.request.put(servedAt('/users/me'));
    expect(answer.headers['allow']).toBe('DELETE, GET, HEAD, PATCH');
  });

  it.each(['reset-password', 'verify-email', 'not-me'])(
    'serves a page for mailed links that calls its route: %s',
    async (page) => {
      const { text } = await app.request.get(`/account/${page}`).expect(200);
      const [, action = ''] = /data-action="([^"]+)"/.exec(text) ?? [];
      const { pathname } = new URL(action, `${app.url}/account/${page}`);
      const { body } = await app.request
        .post(pathname)
        .send({ token: 'made-up', ...(page === 'reset-password' && { newPassword: 'seven lanterns at dusk' }) });
      expect(body.code).toBe('token_used_or_expired');
    },
  );

  it('serves the explorer at /docs', async () => {
    const page = await app.request.get('/docs').expect(200);
    const assets = [...page.text.matchAll(/(?:src|href)="\.(\/[^"]+)"/g)].map((match) => match[1] ?? '');
    for (const asset of assets) expect([asset, (await app.request.get(asset)).status]).toEqual([asset, 200]);
  });

  it('does not log probes', async () => {
    await app.request.get(servedAt('/health/live')).expect(200);
    await app.request.get(servedAt('/health/ready')).expect(200);
    await app.request.get('/the-last-one');
    await until('the last request is logged', () => log.text.includes('/the-last-one'));
    expect(log.records.filter(({ path }) => String(path).includes('/health/'))).toEqual([]);
  });
});

describe('an application with URI versions', () => {
  let app: TestApp;
  beforeAll(async () => {
    app = await TestApp.start({
      imports: [NotesModule],
      configure: (app) => void app.enableVersioning({ type: VersioningType.URI }),
    });
  });
  afterAll(() => app.close());

  it('serves each version of a module beside the routes of Gatehouse', async () => {
    const paths = [
      '/v1/probe-notes',
      '/v2/probe-notes',
      '/v3/probe-notes',
      '/probe-notes',
      '/users/me',
      '/v1/users/me',
      '/health/live',
    ];
    const statuses = await Promise.all(paths.map(async (path) => [path, (await app.request.get(path)).status]));
    expect(Object.fromEntries(statuses)).toEqual({
      '/v1/probe-notes': 200,
      '/v2/probe-notes': 200,
      '/v3/probe-notes': 405,
      '/probe-notes': 404,
      '/users/me': 401,
      '/v1/users/me': 404,
      '/health/live': 200,
    });
  });

  it('documents each version with its own operation ID', async () => {
    const operations = (await readOperations(app)).filter(({ path }) => path.endsWith('/probe-notes'));
    expect(operations.map(({ name, documented }) => [name, documented.operationId])).toEqual([
      ['GET /v1/probe-notes', 'probeNotesListV1'],
      ['GET /v2/probe-notes', 'probeNotesListV2'],
      ['POST /v3/probe-notes', 'probeNotesCreateV3'],
    ]);
  });

  it('validates the body of a version', async () => {
    expectProblem(
      await app.request.post('/v3/probe-notes').send({ title: 'a', colour: 'red' }),
      400,
      'validation_failed',
    );
    expect((await app.request.post('/v3/probe-notes').send({ title: 'a' }).expect(201)).body).toEqual({ title: 'a' });
  });
});
