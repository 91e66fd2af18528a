import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express, type Request, type Response } from 'express';
import { GatehouseAdapter } from './express.adapter.js';

type Handler = (request: Request, response: Response) => unknown;

const HEADERS = {
  accept: 'application/json, text/html;q=0.5',
  'accept-encoding': 'gzip',
  'accept-charset': 'utf-8',
  'accept-language': 'en, de;q=0.5',
  'content-type': 'application/json',
  range: 'bytes=0-5',
  'x-requested-with': 'XMLHttpRequest',
  'x-forwarded-for': '203.0.113.7',
  'x-forwarded-proto': 'https',
  'x-forwarded-host': 'a.b.example.com',
};

/** All methods and properties that Express adds to a request. */
const REQUEST_MEMBERS: readonly [string, (request: Request) => unknown][] = [
  ['get', (request) => [request.get('Accept'), request.header('accept'), request.get('x-nothing')]],
  ['accepts', (request) => [request.accepts('html', 'json'), request.accepts('image/png')]],
  ['acceptsEncodings', (request) => request.acceptsEncodings('gzip', 'br')],
  ['acceptsCharsets', (request) => request.acceptsCharsets('utf-8')],
  ['acceptsLanguages', (request) => request.acceptsLanguages('de', 'en')],
  ['range', (request) => request.range(100)],
  ['is', (request) => request.is('json')],
  ['query and params', (request) => [request.query, request.params]],
  ['protocol and secure', (request) => [request.protocol, request.secure]],
  ['ip and ips', (request) => [request.ip, request.ips]],
  ['host, hostname and subdomains', (request) => [request.host, request.hostname, request.subdomains]],
  ['path, originalUrl and baseUrl', (request) => [request.path, request.originalUrl, request.baseUrl]],
  ['fresh, stale and xhr', (request) => [request.fresh, request.stale, request.xhr]],
  ['app, res and next', ({ app, res, next }) => [app.enabled('trust proxy'), res?.statusCode, typeof next]],
];

/** All methods that Express adds to a response. */
const RESPONSE_METHODS: readonly [string, Handler][] = [
  ['status and send', (_, response) => response.status(201).send('text')],
  ['send with a buffer', (_, response) => response.send(Buffer.from('bytes'))],
  ['send without a body', (_, response) => response.send()],
  ['json', (_, response) => response.json({ a: 'ä' })],
  ['jsonp', (_, response) => response.jsonp({ a: 1 })],
  ['sendStatus', (_, response) => response.sendStatus(404)],
  ['sendFile', (_, response) => response.sendFile(`${process.cwd()}/LICENSE`)],
  ['download', (_, response) => response.download(`${process.cwd()}/LICENSE`, 'licence.txt')],
  ['type', (_, response) => response.type('html').send('<p>')],
  ['format', (_, response) => response.format({ json: () => response.json(1), html: () => response.send('2') })],
  ['attachment', (_, response) => response.attachment('a.txt').send('a')],
  ['append', (_, response) => response.append('X-A', '1').append('X-A', '2').send('')],
  ['set and get', (_, response) => response.set({ 'X-A': 'a' }).send(response.get('X-A'))],
  ['cookie', (_, response) => response.cookie('a', 'b', { httpOnly: true }).send('')],
  ['clearCookie', (_, response) => response.clearCookie('a').send('')],
  ['links', (_, response) => response.links({ next: '/2' }).send('')],
  ['location and redirect', (_, response) => response.redirect(303, '/there')],
  ['vary', (_, response) => response.vary('Accept').send('')],
  ['locals', (_, response) => response.json(response.locals)],
];

/** Starts the server on a free port and returns its URL. */
async function listen(server: Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Starts the adapter's server while the tests of this block run. The URL is set before the first test. */
function serve(adapter: GatehouseAdapter): { readonly url: string } {
  const at = { url: '' };
  beforeAll(async () => {
    adapter.initHttpServer();
    at.url = await listen(adapter.getHttpServer());
  });
  afterAll(() => once((adapter.getHttpServer() as Server).close(), 'close'));
  return at;
}

describe('the default headers', () => {
  const adapter = new GatehouseAdapter(['X-Default', 'always', 'Cache-Control', 'no-store']);
  const app = adapter.getInstance<Express>();
  const at = serve(adapter);

  it.each<[string, Handler]>([
    ['a JSON response', (_, response) => adapter.reply(response, { a: 1 }, 201)],
    [
      'a response with a header that was set before',
      (_, response) => adapter.reply(response.set('X-A', 'a'), { a: 1 }),
    ],
    ['a response without a body', (_, response) => adapter.reply(response, undefined, 204)],
    ['a response sent by Express', (_, response) => response.status(404).json({ a: 1 })],
    ['a response sent by Node', (_, response) => response.writeHead(202, 'Fine', { 'X-A': 'a' }).end()],
    [
      'a response with headers as an array',
      (_, response) => response.set('X-A', 'a').writeHead(200, ['X-B', 'b']).end(),
    ],
  ])('are sent with %s', async (what, handler) => {
    const path = `/${encodeURIComponent(what)}`;
    app.get(path, handler);
    const { headers } = await fetch(at.url + path);
    expect([headers.get('x-default'), headers.get('cache-control')]).toEqual(['always', 'no-store']);
  });

  it('are replaced by an explicit header', async () => {
    app.get('/own', (_, response) => adapter.reply(response.set('cache-control', 'public'), { a: 1 }));
    const { headers } = await fetch(`${at.url}/own`);
    expect([headers.get('cache-control'), headers.get('x-default')]).toEqual(['public', 'always']);
  });

  it('are replaced by an explicit header in an array', async () => {
    app.get('/array', (_, response) => response.writeHead(200, ['cache-control', 'public', 'X-B', 'b']).end());
    const { headers } = await fetch(`${at.url}/array`);
    const seen = ['cache-control', 'x-default', 'x-b'].map((name) => headers.get(name));
    expect(seen).toEqual(['public', 'always', 'b']);
  });
});

describe('the request ID', () => {
  const adapter = new GatehouseAdapter(['X-Default', 'always']);
  const app = adapter.getInstance<Express>();
  const at = serve(adapter);

  const idOf = async (path: string, id: string | undefined, handler: Handler) => {
    app.get(path, (request, response) => handler(request, Object.assign(response, { locals: { requestId: id } })));
    return (await fetch(at.url + path)).headers.get('x-request-id');
  };

  it.each<[string, Handler]>([
    ['json', (_, response) => adapter.reply(response, { a: 1 })],
    ['express', (_, response) => response.json({ a: 1 })],
  ])('is sent if it is set: %s', async (path, handler) => {
    expect(await idOf(`/${path}`, 'an-id', handler)).toBe('an-id');
    expect(await idOf(`/${path}/none`, undefined, handler)).toBeNull();
  });

  it('is replaced by an explicit header', async () => {
    const handler: Handler = (_, response) => response.writeHead(200, ['x-request-id', 'other']).end();
    expect(await idOf('/other', 'an-id', handler)).toBe('other');
  });
});

describe('Express with our message classes', () => {
  const adapter = new GatehouseAdapter();
  const ours = adapter.getInstance<Express>();
  const plain = express();
  const servers = new Map<Express, Server>();

  beforeAll(async () => {
    adapter.initHttpServer();
    servers.set(ours, adapter.getHttpServer()).set(plain, createServer(plain));
    for (const [app, server] of servers) {
      app.set('trust proxy', true).set('env', 'test').disable('x-powered-by');
      await listen(server);
    }
  });
  afterAll(() => Promise.all([...servers.values()].map((server) => once(server.close(), 'close'))));

  /** Returns the response of a handler without its date. */
  async function responseOf(app: Express, path: string, handler: Handler): Promise<unknown> {
    app.get(path, handler);
    const { port } = servers.get(app)?.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}${path}?q=1`, { headers: HEADERS, redirect: 'manual' });
    const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== 'date'));
    return { status: response.status, headers, body: await response.text() };
  }

  it('does not change their prototypes', async () => {
    const unchanged: boolean[] = [];
    servers.get(ours)?.prependOnceListener('request', (request, response) => {
      unchanged.push(
        Object.getPrototypeOf(request) === ours.request,
        Object.getPrototypeOf(response) === ours.response,
      );
    });
    await responseOf(ours, '/prototypes', (_, response) => response.send());
    expect(unchanged).toEqual([true, true]);
  });

  it.each(REQUEST_MEMBERS)('adds to a request: %s', async (name, look) => {
    const handler: Handler = (request, response) => response.json(look(request) ?? null);
    const path = `/request/${encodeURIComponent(name)}`;
    expect(await responseOf(ours, path, handler)).toEqual(await responseOf(plain, path, handler));
  });

  it.each(RESPONSE_METHODS)('adds to a response: %s', async (name, handler) => {
    const path = `/response/${encodeURIComponent(name)}`;
    expect(await responseOf(ours, path, handler)).toEqual(await responseOf(plain, path, handler));
  });
});
