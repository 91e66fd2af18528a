import { buildSignedIn } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';
import { exchange, openSocket, rawRequest, readToEnd } from '../support/raw-http.js';

const JSON_TYPE = 'Content-Type: application/json';

let app: TestApp;
beforeAll(async () => (app = await TestApp.start()));
afterAll(() => app.close());

/** The start of a request with a body in chunks. */
const CHUNKS = `POST /auth/login HTTP/1.1\r\nHost: x\r\n${JSON_TYPE}\r\nTransfer-Encoding: chunked\r\n\r\n`;
const CHUNK = '2\r\n{}\r\n0\r\n\r\n';

const AMBIGUOUS_ENCODINGS = [
  ...['identity, chunked', 'chunked, identity', 'gzip, chunked', ',chunked', 'chunked,', 'chunked, chunked', 'gzip'],
  ...['xchunked', 'identity', 'chunked;a=b', '"chunked"', 'chunked\t', '\x0bchunked'],
  ...['identity\r\nTransfer-Encoding: chunked', 'chunked\r\nContent-Length: 2', 'chunked\r\n '],
];

describe('a hostile request', () => {
  it.each([
    ...AMBIGUOUS_ENCODINGS.map((encoding) => [
      `Transfer-Encoding: ${encoding}`,
      CHUNKS.replace('chunked', () => encoding) + CHUNK,
    ]),
    ['chunks in HTTP/1.0', CHUNKS.replace('1.1', '1.0').replace('\r\n', '\r\nConnection: keep-alive\r\n') + CHUNK],
    ['a folded header', 'GET /health/live HTTP/1.1\r\nHost: x\r\nX-A: a\r\n b\r\n\r\n'],
    ['bare line feeds', 'GET /health/live HTTP/1.1\nHost: x\n\n'],
    ['a bare line feed after a chunk extension', `${CHUNKS}2;a\n{}\r\n0\r\n\r\n`],
    ['a chunk extension over 16 KiB', `${CHUNKS}2;${'a'.repeat(17_000)}\r\n{}\r\n0\r\n\r\n`],
    ['a Content-Length in the trailer', `${CHUNKS}2\r\n{}\r\n0\r\nContent-Length: 2\r\n\r\n`],
  ])('with ambiguous framing gets 400 on a closed connection: %j', async (_, bytes) => {
    // `exchange` reads until the server closes the connection.
    const { status, body } = await exchange(app, Buffer.from(bytes, 'latin1'));
    expect([status, JSON.parse(body)]).toEqual([400, expect.objectContaining({ code: 'bad_request' })]);
  });

  it('with extensions of its chunks is read without them', async () => {
    const bytes = `${CHUNKS.replace('\r\n', '\r\nConnection: close\r\n')}2;a=b;c="d;e"\r\n{}\r\n0;x\r\n\r\n`;
    expect(JSON.parse((await exchange(app, bytes)).body)).toMatchObject({ code: 'validation_failed' });
  });

  it('is rejected before 50,000 combining marks in an email are normalized', async () => {
    const marks = '\u0315'.repeat(25_000) + '\u0316'.repeat(25_000);
    const normalize = jest.spyOn(String.prototype, 'normalize');
    const { status } = await app.request.post('/auth/login').send({ email: marks, password: 'x' });
    const longest = Math.max(0, ...normalize.mock.contexts.map((text) => String(text).length));
    normalize.mockRestore();
    expect(status).toBe(400);
    expect(longest).toBeLessThan(10_000);
  });

  it('in absolute form is routed by its path', async () => {
    const answer = await exchange(app, rawRequest('GET http://gatehouse.test/health/live'));
    expect(answer.status).toBe(200);
  });

  it('with a second Host header is rejected', async () => {
    expect((await exchange(app, rawRequest('GET /health/live', ['Host: other.test']))).status).toBe(400);
  });

  it('is rejected before its body is sent if Content-Length is too large', async () => {
    const socket = await openSocket(app);
    const lines = ['Host: a', 'Content-Type: application/json', 'Content-Length: 5000000', '', '{'];
    socket.write(['POST /auth/login HTTP/1.1', ...lines].join('\r\n'));
    expect(await readToEnd(socket)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('followed by garbage does not get 400', async () => {
    const socket = await openSocket(app);
    socket.write('GET /health/db HTTP/1.1\r\nHost: a\r\n\r\nGARBAGE\r\n\r\n');
    expect(await readToEnd(socket)).not.toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe('a body', () => {
  const unexpected: [what: string, headers: string[], body: string][] = [
    ['JSON', [JSON_TYPE], '{"id":"evil"}'],
    ['broken JSON', [JSON_TYPE], '{"id"'],
    ['text', ['Content-Type: text/plain'], 'evil'],
    ['a form', ['Content-Type: application/x-www-form-urlencoded'], 'id=evil'],
    ['multipart', ['Content-Type: multipart/form-data; boundary=a'], '--a--\r\n'],
    ['no type', [], 'evil'],
    ['an invalid type', ['Content-Type: ;'], 'evil'],
    ['Latin-1', [`${JSON_TYPE}; charset=latin1`], '{}'],
    ['compression', [JSON_TYPE, 'Content-Encoding: gzip'], 'evil'],
    ['200 kB', [JSON_TYPE], ' '.repeat(200_000)],
  ];

  it.each(unexpected)('that is unexpected is ignored: %s', async (_, headers, body) => {
    const { accessToken } = await buildSignedIn(app);
    const token = `Authorization: Bearer ${accessToken}`;
    const length = `Content-Length: ${body.length}`;
    const chunked = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
    const send = (line: string) => exchange(app, rawRequest(line, [token, length, ...headers], body));
    const inChunks = exchange(
      app,
      rawRequest('GET /users/me', [token, 'Transfer-Encoding: chunked', ...headers], chunked),
    );
    const answers = [
      await send('GET /users/me'),
      await inChunks,
      await send('HEAD /users/me'),
      await send('GET /docs'),
    ];
    answers.push(
      await send('DELETE /sessions?scope=others'),
      await send('DELETE /sessions?scope=all'),
      await send('GET /sessions'),
    );
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200, 200, 401]);
  });

  it.each(unexpected.filter(([what]) => !/JSON|kB/.test(what)))(
    'of another type than JSON is ignored by sign-out: %s',
    async (_, headers, body) => {
      const { accessToken } = await buildSignedIn(app);
      const lines = [`Authorization: Bearer ${accessToken}`, `Content-Length: ${body.length}`, ...headers];
      expect((await exchange(app, rawRequest('POST /auth/logout', lines, body))).status).toBe(204);
    },
  );

  it('that is unexpected leaves the connection open', async () => {
    const { accessToken } = await buildSignedIn(app);
    const headers = [`Authorization: Bearer ${accessToken}`, 'Content-Length: 4'];
    const first = rawRequest('GET /users/me', headers, 'evil').toString().replace('Connection: close\r\n', '');
    const socket = await openSocket(app);
    socket.write(`${first}${rawRequest('GET /health/live').toString()}`);
    expect((await readToEnd(socket)).match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 200']);
  });
});
