import { readdirSync, readlinkSync, rmSync } from 'node:fs';
import { DatabaseUnavailableError } from '../../src/platform/database/pg-errors.js';
import { SessionLookup } from '../../src/sessions/session.lookup.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { LogLines } from '../support/log-lines.js';
import { exchange, rawRequest } from '../support/raw-http.js';
import { MULTIPART, SlowUpload, multipart, part } from '../support/slow-upload.js';
import { TestApp } from '../support/test-app.js';
import { UPLOADS, UploadRoutesModule, arrivals, handled } from '../support/upload-routes.js';
import { until } from '../support/until.js';

const FILE = multipart(part('file', 'hello', 'hello.txt'));
/** How the handler describes `FILE`. */
const HELLO = { field: 'file', name: 'hello.txt', size: 5 };
/**
 * Each file is larger than the buffers of the streams, so that its first part is on disk before the upload is complete.
 */
const LARGE_FILE = multipart(part('file', 'x'.repeat(300_000), 'large.txt'));

let app: TestApp;
let other: TestApp;
let ada: SignedIn;
const log = new LogLines();

beforeAll(async () => {
  const server = { connectionsCheckingInterval: 50 };
  [app, other] = await TestApp.startTwo({ imports: [UploadRoutesModule], log, server });
  ada = await buildSignedIn(app);
});
afterAll(async () => {
  await app.close();
  rmSync(UPLOADS, { recursive: true });
});
beforeEach(() => {
  handled.length = 0;
  arrivals.count = 0;
  log.clear();
});

const files = () => readdirSync(UPLOADS);
const removeFiles = () => {
  for (const name of files()) rmSync(`${UPLOADS}/${name}`);
};
const noFiles = () => until('no file is left', () => files().length === 0);
const upload = (path: string, body = FILE, { accessToken } = ada) =>
  app.as(accessToken).post(path).set('Content-Type', MULTIPART).send(body);

/** Starts an upload and waits until the interceptor reads it, which is after the guards. */
async function startUpload(path: string, { accessToken }: { accessToken?: string } = ada): Promise<SlowUpload> {
  const slow = SlowUpload.start(app, path, { ...(accessToken && { accessToken }), body: LARGE_FILE });
  await until('the file arrives', () => files().length + arrivals.count > 0);
  return slow;
}

describe('an upload', () => {
  afterEach(removeFiles);

  it.each([
    ['FileInterceptor and a folder', '/probe-files/disk', FILE, [HELLO]],
    ['FileInterceptor in memory', '/probe-files/memory', FILE, [HELLO, 'hello']],
    [
      'content of the expected type',
      '/probe-files/pdf',
      multipart(part('file', '%PDF-1.7\n', 'a.pdf')),
      [{ field: 'file', name: 'a.pdf', size: 9 }],
    ],
    [
      'FilesInterceptor',
      '/probe-files/list',
      multipart(part('photos', '1', 'a'), part('photos', '22', 'b')),
      [
        { field: 'photos', name: 'a', size: 1 },
        { field: 'photos', name: 'b', size: 2 },
      ],
    ],
    [
      'FileFieldsInterceptor',
      '/probe-files/fields',
      multipart(part('photos', '1', 'a'), part('avatar', '22', 'b')),
      [
        { field: 'avatar', name: 'b', size: 2 },
        { field: 'photos', name: 'a', size: 1 },
      ],
    ],
    ['AnyFilesInterceptor', '/probe-files/any', multipart(part('x', '1', 'a')), [{ field: 'x', name: 'a', size: 1 }]],
    ['NoFilesInterceptor', '/probe-files/none', multipart(part('caption', 'Größe')), { caption: 'Größe' }],
    ['the interceptor above the decorator', '/probe-files/above', FILE, [HELLO]],
    ['the interceptor on the controller', '/probe-controller', FILE, [HELLO]],
    ['a global interceptor', '/probe-files/global', FILE, [HELLO]],
    [
      'a file name in UTF-8',
      '/probe-files/disk',
      multipart(part('file', 'x', 'naïve 🐉.txt')),
      [{ field: 'file', name: 'naïve 🐉.txt', size: 1 }],
    ],
    [
      'text fields in a DTO',
      '/probe-files/captioned',
      multipart(part('caption', 'Ada'), part('file', 'x', 'a')),
      [{ field: 'file', name: 'a', size: 1 }, 'Ada'],
    ],
  ])('reaches the handler with %s', async (_, path, body, expected) => {
    const answer = await upload(path, body).expect(201);
    expect(answer.body).toEqual(expected);
  });

  it('keeps its files if the handler succeeds', async () => {
    await upload('/probe-files/disk').expect(201);
    expect(files()).toHaveLength(1);
  });

  it('reaches the handler if it is chunked', async () => {
    const headers = { 'Transfer-Encoding': 'chunked' };
    const slow = SlowUpload.start(app, '/probe-files/disk', {
      accessToken: ada.accessToken,
      body: LARGE_FILE,
      headers,
    });
    expect((await slow.finish()).status).toBe(201);
  });
});

describe('an upload whose session ends before its last byte', () => {
  const PATHS = ['disk', 'above', 'memory', 'no-parameters', 'response', 'piped', 'strict', 'global'];
  const revoke = ({ accessToken }: SignedIn) => other.as(accessToken).post('/auth/logout').expect(204);

  it.each([...PATHS.map((name) => `/probe-files/${name}`), '/probe-controller'])(
    'gets 401 after a revocation on another instance, without its handler: %s',
    async (path) => {
      const eve = await buildSignedIn(app);
      const slow = await startUpload(path, eve);
      await revoke(eve);
      const { status, body, headers } = await slow.finish();
      expect([status, body['code'], body['reason']]).toEqual([401, 'session_revoked', 'logout']);
      expect(headers['www-authenticate']).toBe('Bearer error="invalid_token"');
      expect(handled).toEqual([]);
      await noFiles();
    },
  );

  it.each([
    ['an expired session', 'session_expired', `UPDATE sessions SET idle_expires_at = now() WHERE user_id = $1`],
    ['a deleted session', 'session_not_found', 'DELETE FROM sessions WHERE user_id = $1'],
    ['a deactivated user', 'user_inactive', 'UPDATE users SET is_active = false WHERE id = $1'],
    ['a deleted user', 'session_not_found', 'DELETE FROM users WHERE id = $1'],
  ])('gets 401 for %s', async (_, code, sql) => {
    const eve = await buildSignedIn(app);
    const slow = await startUpload('/probe-files/disk', eve);
    await other.database.query(sql, [eve.id]);
    const { status, body } = await slow.finish();
    expect([status, body['code'], handled]).toEqual([401, code, []]);
    await noFiles();
  });

  it('gets 403 if the user loses the role', async () => {
    const eve = await buildSignedIn(app, 'admin');
    const slow = await startUpload('/probe-files/admin', eve);
    await other.database.query(`UPDATE users SET role = 'user' WHERE id = $1`, [eve.id]);
    const { status, body } = await slow.finish();
    expect([status, body['code'], handled]).toEqual([403, 'forbidden', []]);
    await noFiles();
  });

  it('passes the current user and role to the handler', async () => {
    const eve = await buildSignedIn(app, 'admin');
    const slow = await startUpload('/probe-files/role', eve);
    await other.database.query(`UPDATE users SET role = 'user' WHERE id = $1`, [eve.id]);
    expect((await slow.finish()).body).toEqual(['user', 'user']);
    removeFiles();
  });

  it('gets 503 while the database is unavailable', async () => {
    const slow = await startUpload('/probe-files/disk');
    jest.spyOn(app.app.get(SessionLookup), 'check').mockRejectedValueOnce(new DatabaseUnavailableError());
    expect((await slow.finish()).status).toBe(503);
    expect(handled).toEqual([]);
    await noFiles();
  });

  it('gets 401 if its token expires', async () => {
    const slow = await startUpload('/probe-files/disk');
    const inAnHour = Date.now() + 3_600_000;
    const clock = jest.spyOn(Date, 'now').mockReturnValue(inAnHour);
    const { status, body } = await slow.finish();
    clock.mockRestore();
    expect([status, body['code'], handled]).toEqual([401, 'token_expired', []]);
    await noFiles();
  });

  it('is accepted on a public route', async () => {
    const eve = await buildSignedIn(app);
    const slow = await startUpload('/probe-files/public', eve);
    await revoke(eve);
    expect((await slow.finish()).status).toBe(201);
    removeFiles();
  });
});

describe('a rejected upload leaves no file', () => {
  afterEach(noFiles);

  it('without a token', async () => {
    expectProblem(
      await app.request.post('/probe-files/disk').set('Content-Type', MULTIPART).send(FILE),
      401,
      'token_missing',
    );
  });

  it('without @Multipart()', async () => {
    expectProblem(await upload('/probe-files/undecorated'), 415, 'unsupported_media_type');
    expect(handled).toEqual([]);
  });

  it('if no interceptor reads it, and does not run the handler', async () => {
    expectProblem(await upload('/probe-files/unread'), 500, 'internal_error');
    const slow = SlowUpload.start(app, '/probe-files/unread', { accessToken: ada.accessToken, body: LARGE_FILE });
    const { status } = await slow.answer();
    slow.abort();
    expect([status, handled]).toEqual([500, []]);
    expect(log.text).toContain('needs an interceptor that reads the body');
  });

  it.each([
    [
      'a pipe rejects the file',
      '/probe-files/piped',
      multipart(part('file', 'x'.repeat(400_000), 'a')),
      400,
      'bad_request',
    ],
    ['a field is invalid', '/probe-files/captioned', multipart(part('file', 'x', 'a')), 400, 'validation_failed'],
    [
      'a field is unknown',
      '/probe-files/captioned',
      multipart(part('file', 'x', 'a'), part('role', 'admin')),
      400,
      'validation_failed',
    ],
    [
      'a field name is not allowed',
      '/probe-files/captioned',
      multipart(part('__proto__[x]', '1'), part('file', 'x', 'a')),
      400,
      'validation_failed',
    ],
    ['its content is not of the expected type', '/probe-files/pdf', FILE, 400, 'bad_request'],
    [
      'a filter rejects its last file',
      '/probe-files/filtered',
      multipart(part('a', 'x', 'a.txt'), part('b', 'x', 'b.js')),
      415,
      'unsupported_media_type',
    ],
    ['the handler throws', '/probe-files/failing', FILE, 409, 'conflict'],
    [
      'one file is too large',
      '/probe-files/list',
      multipart(part('photos', '1', 'a'), part('photos', 'x'.repeat(1_001), 'b')),
      413,
      'payload_too_large',
    ],
    [
      'it has too many files of a field',
      '/probe-files/list',
      multipart(...['a', 'b', 'c', 'd'].map((name) => part('photos', 'x', name))),
      400,
      'bad_request',
    ],
    [
      'it has too many files',
      '/probe-files/any',
      multipart(...Array.from({ length: 11 }, (_, i) => part('x', 'x', `${i}`))),
      400,
      'bad_request',
    ],
    [
      'it has too many fields',
      '/probe-files/any',
      multipart(part('file', 'x', 'a'), ...Array.from({ length: 101 }, (_, i) => part(`x${i}`, 'x'))),
      400,
      'bad_request',
    ],
    [
      'a field is too long',
      '/probe-files/any',
      multipart(part('file', 'x', 'a'), part('x', 'x'.repeat(102_401))),
      400,
      'bad_request',
    ],
    ['a file has an unexpected field', '/probe-files/disk', multipart(part('other', 'x', 'a')), 400, 'bad_request'],
    ['a file is not expected', '/probe-files/none', FILE, 400, 'bad_request'],
    ['its end is missing', '/probe-files/disk', FILE.slice(0, -10), 400, 'bad_request'],
    [
      'it is larger than the limit',
      '/probe-files/small',
      multipart(part('file', 'x'.repeat(100_000), 'a')),
      413,
      'payload_too_large',
    ],
  ])('if %s', async (_, path, body, status, code) => {
    const answer = await upload(path, body);
    expect([answer.status, answer.body.code]).toEqual([status, code]);
    expect(handled).toEqual([]);
    expect(log.text).not.toContain('Unexpected error');
  });

  it.each([
    ['/probe-files/disk', multipart(part('other', 'x', 'a')), 'Unexpected file field - other'],
    ['/probe-files/list', multipart(part('photos', 'x'.repeat(1_001), 'a')), 'File too large'],
    ['/probe-files/any', multipart(part('x', 'x'.repeat(102_401))), 'Field value too long - x'],
    ['/probe-files/disk', FILE.slice(0, -10), 'Multipart: Unexpected end of form'],
  ])('and says why: %s', async (path, body, detail) => {
    expect((await upload(path, body)).body.detail).toBe(detail);
  });

  it.each([
    ['application/json', '{}'],
    ['text/plain', 'x'],
    ['multipart/mixed; boundary=gatehouse-test', FILE],
  ])('of the type %s', async (type, body) => {
    const answer = await app.as(ada.accessToken).post('/probe-files/disk').set('Content-Type', type).send(body);
    expectProblem(answer, 415, 'unsupported_media_type');
  });

  it('without a boundary', async () => {
    const { status, body } = await upload('/probe-files/disk').set('Content-Type', 'multipart/form-data');
    expect([status, body.detail]).toEqual([400, 'Multipart: Boundary not found']);
  });

  it('without a body', async () => {
    expectProblem(await app.as(ada.accessToken).post('/probe-files/disk'), 415, 'unsupported_media_type');
  });

  it('with a content encoding', async () => {
    expectProblem(await upload('/probe-files/disk').set('Content-Encoding', 'gzip'), 415, 'unsupported_media_type');
  });

  it('with a larger Content-Length, and closes the connection unread', async () => {
    const headers = [
      `Authorization: Bearer ${ada.accessToken}`,
      `Content-Type: ${MULTIPART}`,
      'Content-Length: 100001',
    ];
    const request = rawRequest('POST /probe-files/small', headers, FILE)
      .toString()
      .replace('Connection: close\r\n', '');
    const answer = await exchange(app, request);
    expect([answer.status, answer.headers['connection']]).toEqual([413, 'close']);
  });

  it('with too many chunks, and closes the connection without reading the rest', async () => {
    const headers = { 'Transfer-Encoding': 'chunked' };
    const slow = SlowUpload.start(app, '/probe-files/small', {
      accessToken: ada.accessToken,
      body: LARGE_FILE,
      headers,
    });
    const { status, body, headers: answered } = await slow.answer();
    slow.abort();
    expect([status, body['code'], answered.connection]).toEqual([413, 'payload_too_large', 'close']);
    expect(handled).toEqual([]);
  });

  it('if the client aborts it, and no open handle', async () => {
    const slow = await startUpload('/probe-files/disk');
    slow.abort();
    await noFiles();
    const openFiles = () =>
      readdirSync('/proc/self/fd').flatMap((fd) => {
        try {
          return readlinkSync(`/proc/self/fd/${fd}`);
        } catch {
          return [];
        }
      });
    if (process.platform === 'linux') await until('no file is open', () => !openFiles().join().includes(UPLOADS));
    // The error is handled in the turn of the event loop in which the file was removed.
    await app.request.get('/health/live').expect(200);
    expect(handled).toEqual([]);
    expect(log.text).not.toContain('Unexpected error');
  });

  it('if the client is too slow', async () => {
    const slow = await startUpload('/probe-files/disk');
    const server = app.app.getHttpServer();
    const { headersTimeout, requestTimeout } = server;
    Object.assign(server, { headersTimeout: 1, requestTimeout: 1 });
    const { status } = await slow.answer();
    Object.assign(server, { headersTimeout, requestTimeout });
    expect([status, handled]).toEqual([408, []]);
  });
});
