import { TestApp } from '../support/test-app.js';
import { exchange, openSocket, rawRequest, readToEnd } from '../support/raw-http.js';

describe('input that is small to send and dear to read', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start()));
  afterAll(() => app.close());

  it('an address of fifty thousand combining marks is refused before anyone composes it', async () => {
    const marks = '\u0315'.repeat(25_000) + '\u0316'.repeat(25_000);
    const normalize = jest.spyOn(String.prototype, 'normalize');
    const { status } = await app.request.post('/auth/login').send({ email: marks, password: 'x' });
    const longest = Math.max(0, ...normalize.mock.contexts.map((text) => String(text).length));
    normalize.mockRestore();
    expect(status).toBe(400);
    expect(longest).toBeLessThan(10_000);
  });

  it.each(['http://[', 'http://', 'http://[::1'])('a target of %s is a problem of ours', async (target) => {
    const answer = await exchange(app, rawRequest(`GET ${target}`));
    expect([answer.status, answer.headers['content-type']]).toEqual([
      404,
      expect.stringContaining('application/problem+json'),
    ]);
  });

  it('a target in absolute form is its path', async () => {
    const answer = await exchange(app, rawRequest('GET http://gatehouse.test/health/live'));
    expect(answer.status).toBe(200);
  });

  it('a second Host is refused', async () => {
    expect((await exchange(app, rawRequest('GET /health/live', ['Host: other.test']))).status).toBe(400);
  });

  it('a body that is announced as too large is refused before it is sent', async () => {
    const socket = await openSocket(app);
    const lines = ['Host: a', 'Content-Type: application/json', 'Content-Length: 5000000', '', '{'];
    socket.write(['POST /auth/login HTTP/1.1', ...lines].join('\r\n'));
    expect(await readToEnd(socket)).toMatch(/^HTTP\/1\.1 413 /);
  });

  it('garbage behind a request is never taken for its answer', async () => {
    const socket = await openSocket(app);
    socket.write('GET /health/db HTTP/1.1\r\nHost: a\r\n\r\nGARBAGE\r\n\r\n');
    expect(await readToEnd(socket)).not.toMatch(/^HTTP\/1\.1 400 /);
  });
});
