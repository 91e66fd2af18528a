import { Controller, Get, Post, Res, UploadedFile, UseInterceptors } from '@nestjs/common';
import { FileInterceptor } from '@nestjs/platform-express';
import type { Response } from 'express';
import { Multipart } from '../../src/http/body/body.decorators.js';
import { Public } from '../../src/http/public.decorator.js';
import { Database } from '../../src/platform/database/database.js';
import { beforeHashing } from '../support/before-hashing.js';
import { buildUser } from '../support/builders.js';
import { expectProblem } from '../support/expect-problem.js';
import { LogLines } from '../support/log-lines.js';
import { multipart, part, SlowUpload } from '../support/slow-upload.js';
import { TestApp } from '../support/test-app.js';
import { until } from '../support/until.js';

/** Finishes the handlers that wait. */
let finish: (() => void)[] = [];
const wait = () => new Promise<void>((resolve) => finish.push(resolve));

@Public()
@Controller('probe-slow')
class SlowController {
  @Get()
  async value() {
    await wait();
    return { late: true };
  }

  @Get('response')
  async response(@Res() response: Response): Promise<void> {
    await wait();
    response.setHeader('X-Late', 'yes');
    response.write('late');
    response.json({ late: true });
  }

  @Get('download')
  async download(@Res() response: Response): Promise<void> {
    response.write('first ');
    await wait();
    response.end('last');
  }

  @Post('upload')
  @Multipart()
  @UseInterceptors(FileInterceptor('file'))
  upload(@UploadedFile() file: Express.Multer.File) {
    return { bytes: file.size };
  }
}

describe('a request that takes longer than REQUEST_TIMEOUT', () => {
  let app: TestApp;
  const log = new LogLines();
  beforeAll(async () => {
    const imports = [{ module: class SlowModule {}, controllers: [SlowController] }];
    app = await TestApp.start({ imports, log, env: { REQUEST_TIMEOUT: '1s' } });
  });
  beforeEach(() => log.clear());
  afterEach(() => {
    for (const end of finish) end();
    finish = [];
    // On a slow machine, a request can time out before it gets to the hash.
    jest.restoreAllMocks();
  });
  afterAll(() => app.close());

  it.each(['/probe-slow', '/probe-slow/response'])('gets 503 on %s, and its late response is ignored', async (path) => {
    const answer = await app.request.get(path);
    expectProblem(answer, 503, 'request_timeout');
    expect([answer.headers['retry-after'], answer.headers['connection']]).toEqual(['1', 'close']);
    for (const end of finish) end();
    await app.request.get('/health/live').expect(200);
    expect(log.text).not.toContain('Unexpected error');
  });

  it('gets an OAuth error at the token endpoint', async () => {
    const { email: username, password } = await buildUser(app);
    beforeHashing(app, 'verify', wait);
    const form = { grant_type: 'password', username, password };
    const { status, body } = await app.request.post('/auth/token').type('form').send(form);
    const error_description = expect.stringContaining('took too long') as unknown;
    expect([status, body]).toEqual([503, { error: 'temporarily_unavailable', error_description }]);
    for (const end of finish) end();
  });

  it('has no deadline once its response or its upload has started', async () => {
    const body = multipart(part('file', 'x'.repeat(100), 'a.txt'));
    const upload = SlowUpload.start(app, '/probe-slow/upload', { body });
    const download = fetch(`${app.url}/probe-slow/download`);
    await until('the download has started', () => finish.length === 1);
    // By then, both have taken longer.
    await app.request.get('/probe-slow').expect(503);
    await app.request.get('/probe-slow').expect(503);
    expect((await upload.finish()).body).toEqual({ bytes: 100 });
    finish[0]?.();
    expect(await (await download).text()).toBe('first last');
  });

  it('gets 408 if its body is not complete', async () => {
    const headers = { 'Content-Type': 'application/json' };
    const slow = SlowUpload.start(app, '/auth/login', { body: JSON.stringify({ email: 'a@b.co' }), headers });
    const { status, body } = await slow.answer();
    expect([status, body['code']]).toEqual([408, 'bad_request']);
  });

  it('gets 408 as an OAuth error if its form is not complete', async () => {
    const headers = { 'Content-Type': 'application/x-www-form-urlencoded' };
    const slow = SlowUpload.start(app, '/auth/token', { body: 'grant_type=password', headers });
    const { status, body } = await slow.answer();
    expect([status, body]).toEqual([408, { error: 'invalid_request', error_description: expect.any(String) }]);
  });

  it('changes nothing if it still waits for a connection', async () => {
    const { id, email, password } = await buildUser(app);
    const database = app.app.get(Database);
    const held: Promise<unknown>[] = [];
    beforeHashing(app, 'verify', async () => {
      held.push(...Array.from({ length: 8 }, () => database.run((manager) => manager.query('SELECT 1').then(wait))));
      await until('the connections are in use', () => finish.length === 8);
    });
    expectProblem(await app.request.post('/auth/login').send({ email, password }), 503, 'request_timeout');
    expect(database.pool().waiting).toBe(1);
    for (const end of finish) end();
    await Promise.all(held);
    await until('nobody waits', () => database.pool().waiting === 0);
    expect(await app.database.query('SELECT 1 FROM sessions WHERE user_id = $1', [id])).toEqual([]);
  });
});
