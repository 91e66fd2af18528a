import { TestApp } from '../support/test-app.js';
import { exchange, openSocket, rawRequest, readToEnd } from '../support/raw-http.js';

describe('a hostile request', () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start()));
  afterAll(() => app.close());

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
