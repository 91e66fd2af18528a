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

/** Every method and property that Express gives to a request. */
const OF_REQUESTS: readonly [string, (request: Request) => unknown][] = [
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

/** Every method that Express gives to a response. */
const OF_RESPONSES: readonly [string, Handler][] = [
  ['status and send', (_, response) => response.status(201).send('text')],
  ['send of bytes', (_, response) => response.send(Buffer.from('bytes'))],
  ['send of nothing', (_, response) => response.send()],
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

/** Starts it on a port of its own, and gives its address. */
async function listen(server: Server): Promise<string> {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Lets it listen while the tests of this block run, and gives where. */
function serve(adapter: GatehouseAdapter): { readonly url: string } {
  const at = { url: '' };
  beforeAll(async () => {
    adapter.initHttpServer();
    at.url = await listen(adapter.getHttpServer());
  });
  afterAll(() => once((adapter.getHttpServer() as Server).close(), 'close'));
  return at;
}

describe('the headers that every answer has by default', () => {
  const adapter = new GatehouseAdapter(['X-Default', 'always', 'Cache-Control', 'no-store']);
  const app = adapter.getInstance<Express>();
  const at = serve(adapter);

  it.each<[string, Handler]>([
    ['an answer in one step', (_, response) => adapter.reply(response, { a: 1 }, 201)],
    ['an answer of which a header was set before', (_, response) => adapter.reply(response.set('X-A', 'a'), { a: 1 })],
    ['an answer of nothing', (_, response) => adapter.reply(response, undefined, 204)],
    ['what Express writes', (_, response) => response.status(404).json({ a: 1 })],
    ['what Node writes', (_, response) => response.writeHead(202, 'Fine', { 'X-A': 'a' }).end()],
    ['a head with headers as an array', (_, response) => response.set('X-A', 'a').writeHead(200, ['X-B', 'b']).end()],
  ])('are on %s', async (what, handler) => {
    const path = `/${encodeURIComponent(what)}`;
    app.get(path, handler);
    const { headers } = await fetch(at.url + path);
    expect([headers.get('x-default'), headers.get('cache-control')]).toEqual(['always', 'no-store']);
  });

  it('give way to one of the same name', async () => {
    app.get('/own', (_, response) => adapter.reply(response.set('cache-control', 'public'), { a: 1 }));
    const { headers } = await fetch(`${at.url}/own`);
    expect([headers.get('cache-control'), headers.get('x-default')]).toEqual(['public', 'always']);
  });

  it('give way to one of the same name in an array, too', async () => {
    app.get('/array', (_, response) => response.writeHead(200, ['cache-control', 'public', 'X-B', 'b']).end());
    const { headers } = await fetch(`${at.url}/array`);
    const seen = ['cache-control', 'x-default', 'x-b'].map((name) => headers.get(name));
    expect(seen).toEqual(['public', 'always', 'b']);
  });
});

describe('the id of a request', () => {
  const adapter = new GatehouseAdapter(['X-Default', 'always']);
  const app = adapter.getInstance<Express>();
  const at = serve(adapter);

  const idOf = async (path: string, id: string | undefined, handler: Handler) => {
    app.get(path, (request, response) => handler(request, Object.assign(response, { locals: { requestId: id } })));
    return (await fetch(at.url + path)).headers.get('x-request-id');
  };

  it.each<[string, Handler]>([
    ['one-step', (_, response) => adapter.reply(response, { a: 1 })],
    ['express', (_, response) => response.json({ a: 1 })],
  ])('is on its answer, and no header is where there is none: %s', async (path, handler) => {
    expect(await idOf(`/${path}`, 'an-id', handler)).toBe('an-id');
    expect(await idOf(`/${path}/none`, undefined, handler)).toBeNull();
  });

  it('gives way to a header of its name', async () => {
    const handler: Handler = (_, response) => response.writeHead(200, ['x-request-id', 'other']).end();
    expect(await idOf('/other', 'an-id', handler)).toBe('other');
  });
});

describe('Express, under requests and responses that are born as its own', () => {
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

  /** What a handler answers, without what differs from one answer to the next. */
  async function answer(app: Express, path: string, handler: Handler): Promise<unknown> {
    app.get(path, handler);
    const { port } = servers.get(app)?.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}${path}?q=1`, { headers: HEADERS, redirect: 'manual' });
    const headers = Object.fromEntries([...response.headers].filter(([name]) => name !== 'date'));
    return { status: response.status, headers, body: await response.text() };
  }

  it('has nothing to change about them', async () => {
    const born: boolean[] = [];
    servers.get(ours)?.prependOnceListener('request', (request, response) => {
      born.push(Object.getPrototypeOf(request) === ours.request, Object.getPrototypeOf(response) === ours.response);
    });
    await answer(ours, '/prototypes', (_, response) => response.send());
    expect(born).toEqual([true, true]);
  });

  it.each(OF_REQUESTS)('gives a request its %s', async (name, look) => {
    const handler: Handler = (request, response) => response.json(look(request) ?? null);
    const path = `/request/${encodeURIComponent(name)}`;
    expect(await answer(ours, path, handler)).toEqual(await answer(plain, path, handler));
  });

  it.each(OF_RESPONSES)('gives a response its %s', async (name, handler) => {
    const path = `/response/${encodeURIComponent(name)}`;
    expect(await answer(ours, path, handler)).toEqual(await answer(plain, path, handler));
  });
});
