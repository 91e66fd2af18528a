import { once } from 'node:events';
import { gzipSync } from 'node:zlib';
import { buildSignedIn, buildUser, type SignedIn } from '../support/builders.js';
import { exchange, openSocket, parseAnswer, rawRequest, readToEnd, type RawAnswer } from '../support/raw-http.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

const JSON_TYPE = 'Content-Type: application/json';

function problemOf(answer: RawAnswer): { status: number; code: string } {
  expect(answer.headers['content-type']).toMatch(/^application\/problem\+json/);
  const problem = JSON.parse(answer.body) as { status: number; code: string; requestId: string };
  expect(problem.status).toBe(answer.status);
  expect(problem.requestId).toBe(answer.headers['x-request-id']);
  return { status: answer.status, code: problem.code };
}

/** Returns the bytes of a sign-in with these headers and the correct length. */
function login(headers: string[], body: string | Buffer): Buffer {
  return rawRequest('POST /auth/login', [...headers, `Content-Length: ${Buffer.byteLength(body)}`], body);
}

/** Returns the bytes of a request with this head, which contains no `Connection`. */
function requestOf(head: string): Buffer {
  return Buffer.from(`${head}\r\nConnection: close\r\n\r\n`, 'latin1');
}

let app: TestApp;
beforeAll(async () => (app = await TestApp.start()));
afterAll(() => app.close());

describe('a raw HTTP request', () => {
  let ada: SignedIn;

  beforeAll(async () => (ada = await buildSignedIn(app)));

  afterEach(async () => {
    // The server must still serve other clients.
    await app.request.get('/health/live').expect(200);
  });

  it.each<[what: string, bytes: string | Buffer]>([
    ['no request line', 'nonsense\r\n\r\n'],
    ['an unknown protocol', 'GET / FTP/1.1\r\n\r\n'],
    ['a space in a header name', 'GET / HTTP/1.1\r\nHost : x\r\n\r\n'],
    ['a NUL in a header', 'GET / HTTP/1.1\r\nHost: x\r\nUser-Agent: a\0b\r\n\r\n'],
    ['a line break in a header', 'GET / HTTP/1.1\r\nHost: x\r\nX: a\nb\r\n\r\n'],
    ['a TLS handshake', Buffer.from('16030100a5010000a10303', 'hex')],
    [
      'two content lengths',
      rawRequest('POST /auth/login', [JSON_TYPE, 'Content-Length: 2', 'Content-Length: 3'], '{} '),
    ],
    [
      'a content length that is not a number',
      rawRequest('POST /auth/login', [JSON_TYPE, 'Content-Length: many'], '{}'),
    ],
    ['a negative content length', rawRequest('POST /auth/login', [JSON_TYPE, 'Content-Length: -1'], '{}')],
    [
      'both a content length and chunks',
      rawRequest('POST /auth/login', [JSON_TYPE, 'Content-Length: 5', 'Transfer-Encoding: chunked'], '0\r\n\r\n'),
    ],
    ['an invalid chunk size', rawRequest('POST /auth/login', [JSON_TYPE, 'Transfer-Encoding: chunked'], 'zz\r\n\r\n')],
    ['no Host header', 'GET /health/live HTTP/1.1\r\nConnection: close\r\n\r\n'],
    ...['', ' ', 'a b', 'a, b', 'a/b', 'a@b', 'a:b', 'a:80:80', ':80', '[::1', '[1.2.3.4]', '<a>', 'a\\b', '\xe9'].map(
      (host): [string, Buffer] => [
        `the Host ${JSON.stringify(host)}`,
        requestOf(`GET /health/live HTTP/1.1\r\nHost: ${host}`),
      ],
    ),
    ['two identical Host headers', requestOf('GET /health/live HTTP/1.1\r\nHost: a\r\nHost: a')],
    ['an invalid Host beside an absolute target', requestOf('GET http://a/health/live HTTP/1.1\r\nHost: a b')],
    ['no Host beside an absolute target', requestOf('GET http://a/health/live HTTP/1.1')],
    ...['HTTP/2.0', 'HTTP/0.9', 'HTTP/3.0', 'HTTP/1.2', 'HTTP/01.1', 'http/1.1', ''].map(
      (version): [string, Buffer] => [`the version ${version}`, requestOf(`GET /health/live ${version}\r\nHost: a`)],
    ),
    ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['an upgrade with the version HTTP/2.0', requestOf('GET /health/live HTTP/2.0\r\nHost: a\r\nUpgrade: h2c')],
    ['two content types', login([JSON_TYPE, 'Content-Type: text/plain'], '{}')],
    ['two identical content lengths', login([JSON_TYPE, 'Content-Length: 2'], '{}')],
    ['a content length with a sign', rawRequest('POST /auth/login', [JSON_TYPE, 'Content-Length: +2'], '{}')],
  ])('with %s gets 400 as an uncacheable problem on a closed connection', async (_, bytes) => {
    const answer = await exchange(app, bytes);
    expect(problemOf(answer)).toEqual({ status: 400, code: 'bad_request' });
    expect(answer.headers).toMatchObject({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    expect(Number(answer.headers['content-length'])).toBe(Buffer.byteLength(answer.body));
  });

  it.each([
    ['one long header', [`X-Long: ${'a'.repeat(17 * 1_024)}`]],
    ['many headers', Array.from({ length: 400 }, (_, i) => `X-Header-${i}: ${'a'.repeat(40)}`)],
    ['a long token', [`Authorization: Bearer ${'a'.repeat(17 * 1_024)}`]],
  ])('with headers over 16 KiB gets 431: %s', async (_, headers) => {
    const answer = await exchange(app, rawRequest('GET /health/live', headers));
    expect(problemOf(answer).status).toBe(431);
  });

  it('with a path over 16 KiB gets 431', async () => {
    expect(problemOf(await exchange(app, rawRequest(`GET /${'a'.repeat(17 * 1_024)}`))).status).toBe(431);
  });

  it('with headers under 16 KiB is accepted', async () => {
    const { status } = await exchange(app, rawRequest('GET /health/live', [`X-Long: ${'a'.repeat(15 * 1_024)}`]));
    expect(status).toBe(200);
  });

  it('with an unknown Expect header is handled as without it', async () => {
    const answer = await exchange(app, rawRequest('GET /users/me', ['Expect: miracles']));
    expect(problemOf(answer)).toEqual({ status: 401, code: 'token_missing' });
  });

  it('with CONNECT gets 405, and the connection closes', async () => {
    const answer = await exchange(app, rawRequest('CONNECT example.com:443'));
    expect([problemOf(answer), answer.headers['allow']]).toEqual([{ status: 405, code: 'method_not_allowed' }, '']);
  });

  it('with OPTIONS * gets 404', async () => {
    expect(problemOf(await exchange(app, rawRequest('OPTIONS *')))).toEqual({ status: 404, code: 'not_found' });
  });

  it('in HTTP/1.0 needs no Host', async () => {
    expect((await exchange(app, 'GET /health/live HTTP/1.0\r\n\r\n')).status).toBe(200);
  });

  it.each([
    ['a second Authorization', 401, 'Authorization: Bearer x'],
    ['a second Host', 400, 'Host: other.test'],
    ['a second Content-Type', 400, 'Content-Type: text/plain'],
  ])('after 4,000 other headers has %s that counts', async (_, status, header) => {
    const fillers = Array<string>(4_000).fill('a:');
    const token = `Authorization: Bearer ${ada.accessToken}`;
    const answer = await exchange(app, rawRequest('GET /users/me', [token, JSON_TYPE, ...fillers, header]));
    expect(problemOf(answer).status).toBe(status);
  });

  it('with an Upgrade header is handled as without it', async () => {
    const answer = await exchange(app, rawRequest('GET /health/live', ['Upgrade: websocket']));
    expect(answer.status).toBe(200);
  });

  it.each([
    ['Latin-1', Buffer.from('{"email":"ad\xe4@example.com","password":"x"}', 'latin1')],
    ['an invalid sequence', Buffer.from([0x7b, 0x22, 0xc3, 0x28, 0x22, 0x3a, 0x31, 0x7d])],
    ['an encoded surrogate', Buffer.from([0x7b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x3a, 0x31, 0x7d])],
  ])('with a body that is not UTF-8 gets 400 malformed_body: %s', async (_, body) => {
    expect(problemOf(await exchange(app, login([JSON_TYPE], body)))).toEqual({ status: 400, code: 'malformed_body' });
  });

  it.each(['utf-16', 'utf-16le', 'utf-32', 'latin1', 'utf-7', 'nonsense'])(
    'with a body declared as %s gets 415',
    async (charset) => {
      const body = Buffer.from(JSON.stringify({ email: ada.email, password: ada.password }), 'utf16le');
      const answer = await exchange(app, login([`${JSON_TYPE}; charset=${charset}`], body));
      expect(problemOf(answer)).toEqual({ status: 415, code: 'unsupported_media_type' });
    },
  );

  it.each(['utf-8', 'UTF-8', 'utf8', 'UTF8', '"utf-8"', '"utf8"', 'utf8;x=1', ''])(
    'with a body declared as UTF-8 is accepted: %s',
    async (charset) => {
      const body = JSON.stringify({ email: ada.email, password: ada.password });
      expect((await exchange(app, login([`${JSON_TYPE} ; charset=${charset}`], body))).status).toBe(200);
      const form = `grant_type=password&username=${encodeURIComponent(ada.email)}&password=${encodeURIComponent(ada.password)}`;
      const lines = [
        `Content-Type: application/x-www-form-urlencoded;charset=${charset}`,
        `Content-Length: ${form.length}`,
      ];
      expect((await exchange(app, rawRequest('POST /auth/token', lines, form))).status).toBe(200);
    },
  );

  it.each(['gzip', 'br', 'deflate', 'nonsense', 'gzip, gzip'])(
    'with the content encoding %s gets 415',
    async (encoding) => {
      const body = gzipSync(JSON.stringify({ email: ada.email, password: ada.password }));
      const answer = await exchange(app, login([JSON_TYPE, `Content-Encoding: ${encoding}`], body));
      expect(problemOf(answer)).toEqual({ status: 415, code: 'unsupported_media_type' });
    },
  );

  it('without a content type gets 415', async () => {
    expect(problemOf(await exchange(app, login([], '{}')))).toEqual({ status: 415, code: 'unsupported_media_type' });
  });

  it('with chunks over 100 kB in total gets 413', async () => {
    const chunk = `3e8\r\n${' '.repeat(1_000)}\r\n`.repeat(110);
    const headers = [JSON_TYPE, 'Transfer-Encoding: chunked'];
    const answer = await exchange(app, rawRequest('POST /auth/login', headers, `${chunk}0\r\n\r\n`));
    expect(problemOf(answer)).toEqual({ status: 413, code: 'payload_too_large' });
  });

  it('with a body shorter than declared changes nothing', async () => {
    const body = JSON.stringify({ email: 'cut@example.com', password: 'seven lanterns at dusk' });
    const socket = await openSocket(app);
    socket.end(rawRequest('POST /auth/register', [JSON_TYPE, `Content-Length: ${body.length + 1}`], body));
    await readToEnd(socket);
    expect(await app.database.query(`SELECT 1 FROM users WHERE email = 'cut@example.com'`)).toEqual([]);
  });

  it('followed by another one on the connection gets its own response', async () => {
    const body = JSON.stringify({ refreshToken: 'x' });
    const first = rawRequest('POST /auth/refresh', [JSON_TYPE, `Content-Length: ${body.length}`], body);
    const keepAlive = Buffer.from(first.toString().replace('Connection: close\r\n', ''));
    const socket = await openSocket(app);
    socket.write(Buffer.concat([keepAlive, rawRequest('GET /health/live')]));
    const text = await readToEnd(socket);
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 401', 'HTTP/1.1 200']);
  });

  it.each([
    ['two headers', ['Authorization: Bearer TOKEN', 'Authorization: Bearer TOKEN']],
    ['two tokens in one header', ['Authorization: Bearer TOKEN, Bearer TOKEN']],
  ])('with more than one Authorization gets 401: %s', async (_, headers) => {
    const lines = headers.map((header) => header.replaceAll('TOKEN', ada.accessToken));
    const answer = await exchange(app, rawRequest('GET /users/me', lines));
    expect(problemOf(answer)).toEqual({ status: 401, code: 'token_invalid' });
  });
});

describe('slow senders', () => {
  /** Timeouts of milliseconds. Production has seconds. */
  const SHORT_TIMEOUTS = { headersTimeout: 200, requestTimeout: 400, connectionsCheckingInterval: 50 };
  let quick: TestApp;
  beforeAll(async () => (quick = await TestApp.start({ database: app.database, server: SHORT_TIMEOUTS })));

  /** Sends another request, with the timeouts of production, because a slow machine exceeds the short ones. */
  const serveNext = async () => {
    const { headersTimeout, requestTimeout } = app.app.getHttpServer();
    Object.assign(quick.app.getHttpServer(), { headersTimeout, requestTimeout });
    const { status } = await quick.request.get('/health/live');
    Object.assign(quick.app.getHttpServer(), SHORT_TIMEOUTS);
    return status;
  };

  it('are disconnected at most one second after their timeout by default', () => {
    expect(app.app.getHttpServer()).toMatchObject({
      headersTimeout: 10_000,
      requestTimeout: 60_000,
      connectionsCheckingInterval: 1_000,
    });
  });

  it.each([
    ['headers', 'POST /auth/login HTTP/1.1\r\nHost: x\r\nX-Slow: '],
    ['a body', `POST /auth/login HTTP/1.1\r\nHost: x\r\n${JSON_TYPE}\r\nContent-Length: 90000\r\n\r\n{"email":`],
  ])('get 408 when they send %s slowly and without end', async (_, start) => {
    const socket = await openSocket(quick);
    socket.write(start);
    const drip = setInterval(() => socket.write('a'), 20);
    socket.once('close', () => clearInterval(drip));
    expect(problemOf(parseAnswer(await readToEnd(socket))).status).toBe(408);
    expect(await serveNext()).toBe(200);
  });

  it('are disconnected when they send nothing', async () => {
    const socket = await openSocket(quick);
    socket.on('error', () => undefined).resume();
    await once(socket, 'close');
    expect(await serveNext()).toBe(200);
  });
});

describe('a request on a surplus connection', () => {
  it.each([
    ['429 too_many_connections', 'MAX_CONNECTIONS_PER_CLIENT', {}],
    // The connections of a proxy count only for the total limit.
    ['503 overloaded', 'MAX_CONNECTIONS', { TRUST_PROXY: 'loopback' }],
  ])('gets %s beyond %s unless it is a probe, and the connection closes', async (error, variable, env) => {
    const limited = await TestApp.start({ database: app.database, env: { ...env, [variable]: '1' } });
    const first = await openSocket(limited);
    const [answer, probe, token] = await Promise.all([
      limited.request.get('/users/me'),
      limited.request.get('/health/live'),
      limited.request.post('/auth/token'),
    ]);
    expect([`${answer.status} ${answer.body.code}`, probe.status]).toEqual([error, 200]);
    expect(token.body).toEqual({ error: 'temporarily_unavailable', error_description: answer.body.detail });
    expect([answer, probe, token].map(({ headers }) => headers['connection'])).toEqual(['close', 'close', 'close']);
    first.destroy();
    await until('the first connection is closed', async () => (await limited.request.get('/users/me')).status === 401);
    await limited.close();
  });
});

describe('X-Forwarded-For', () => {
  let behindProxy: TestApp;
  beforeAll(async () => {
    behindProxy = await TestApp.start({ database: app.database, env: { TRUST_PROXY: 'loopback' } });
  });

  /** Signs a new user in with this header. Returns the IP address of the session. */
  async function addressFor(at: TestApp, forwarded: string): Promise<{ status: number; address: string | null }> {
    const { email, password } = await buildUser(app);
    const { status, body } = await at.request
      .post('/auth/login')
      .set('X-Forwarded-For', forwarded)
      .send({ email, password });
    const [row] = await at.database.query<{ address: string | null }>(
      'SELECT host(ip_address) AS address FROM sessions WHERE id = $1',
      [body.sessionId],
    );
    return { status, address: row?.address ?? null };
  }

  it.each(['203.0.113.7', '127.0.0.1, 203.0.113.7', 'nonsense'])(
    'is ignored without a configured proxy: %s',
    async (forwarded) => {
      expect(await addressFor(app, forwarded)).toEqual({ status: 200, address: '127.0.0.1' });
    },
  );

  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['198.51.100.1, 203.0.113.7', '203.0.113.7'],
    ['198.51.100.1, 203.0.113.7, 127.0.0.1', '203.0.113.7'],
    ['2001:db8::7', '2001:db8::7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['fe80::1%eth0', 'fe80::1'],
    ['203.0.113.7:8080', '203.0.113.7'],
    ['[2001:db8::7]', '2001:db8::7'],
    ['[2001:db8::7]:8080', '2001:db8::7'],
    ['"[2001:db8::7]:8080"', '2001:db8::7'],
    ['"203.0.113.7"', '203.0.113.7'],
    ['[::ffff:203.0.113.7]:8080', '203.0.113.7'],
    ['64:ff9b::203.0.113.7', '203.0.113.7'],
    ['0064:ff9b:0:0:0:0:cb00:7107', '203.0.113.7'],
    ['2002:cb00:7107::1', '203.0.113.7'],
    ['[2002:CB00:7107:1:2:3:4:5]:1', '203.0.113.7'],
    ['::203.0.113.7', '203.0.113.7'],
    ['::ffff:0:203.0.113.7', '203.0.113.7'],
    ['198.51.100.1, 203.0.113.7:80, [::1]:443, 127.0.0.1:8080', '203.0.113.7'],
    ['nonsense, 203.0.113.7', '203.0.113.7'],
    [', 203.0.113.7 , ,', '203.0.113.7'],
    ['203.0.113.7, ::127.0.0.1', '127.0.0.1'],
    ['203.0.113.7, 64:ff9b::127.0.0.1', '127.0.0.1'],
    ['203.0.113.7, 2002:7f00:1::1', '127.0.0.1'],
    ['203.0.113.7, unknown', '127.0.0.1'],
  ])('gives the last IP address that is not a configured proxy: %s', async (forwarded, address) => {
    expect(await addressFor(behindProxy, forwarded)).toEqual({ status: 200, address });
  });

  it('counts after 4,000 other headers that a client sends', async () => {
    const { email, password } = await buildUser(app);
    const forwarded = [
      'X-Forwarded-For: 198.51.100.1',
      ...Array<string>(4_000).fill('a:'),
      'X-Forwarded-For: 203.0.113.7',
    ];
    const answer = await exchange(behindProxy, login([JSON_TYPE, ...forwarded], JSON.stringify({ email, password })));
    const { accessToken } = JSON.parse(answer.body) as { accessToken: string };
    const { body } = await app.request.get('/sessions/current').auth(accessToken, { type: 'bearer' });
    expect(body.ipAddress).toBe('203.0.113.7');
  });

  it.each([
    'nonsense',
    "'; DROP TABLE sessions; --",
    '203.0.113.7; evil',
    '999.1.1.1',
    ',',
    ', ,',
    'unknown',
    '_hidden:_port',
    '203.0.113.7:port',
    '203.0.113.7:',
    '[2001:db8::7',
    '[nonsense]:80',
    'for=203.0.113.7',
    'é',
    '0x7f.1',
    'a'.repeat(5_000),
  ])('is ignored if it is not an IP address: %s', async (forwarded) => {
    expect(await addressFor(behindProxy, forwarded)).toEqual({ status: 200, address: '127.0.0.1' });
  });

  it('is ignored if the sender is not the configured proxy', async () => {
    const elsewhere = await TestApp.start({ database: app.database, env: { TRUST_PROXY: '10.0.0.0/8' } });
    expect(await addressFor(elsewhere, '203.0.113.7')).toEqual({ status: 200, address: '127.0.0.1' });
  });
});
