import { METHODS } from 'node:http';
import {
  All,
  BadRequestException,
  Body,
  ConflictException,
  Controller,
  DefaultValuePipe,
  ForbiddenException,
  Get,
  GoneException,
  Header,
  HttpException,
  HttpStatus,
  InternalServerErrorException,
  MethodNotAllowedException,
  Module,
  NotFoundException,
  Param,
  ParseArrayPipe,
  ParseBoolPipe,
  ParseFilePipeBuilder,
  ParseIntPipe,
  Post,
  Query,
  Res,
  UnauthorizedException,
  UseGuards,
  type CanActivate,
  type ExecutionContext,
  type MiddlewareConsumer,
  type NestModule,
} from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { HealthCheck, HealthCheckService, HealthIndicatorService, TerminusModule } from '@nestjs/terminus';
import { Throttle, ThrottlerGuard, ThrottlerModule } from '@nestjs/throttler';
import { IsInt, IsString } from 'class-validator';
import type { NextFunction, Request, Response } from 'express';
import { Public } from '../../src/http/public.decorator.js';
import { RejectionRecorder } from '../../src/platform/audit/rejection.recorder.js';
import { auditRows } from '../support/audit-rows.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { expectProblemDocument } from '../support/expect-problem.js';
import { LogLines } from '../support/log-lines.js';
import { TestApp } from '../support/test-app.js';

class ProbeNoteDto {
  @IsString()
  title!: string;
}

class ProbeFileDto {
  @IsInt()
  size!: number;
}

class RejectingGuard implements CanActivate {
  canActivate(): boolean {
    return false;
  }
}

/** Throws the exception that a header names, before any route. */
class HeaderGuard implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const { headers } = context.switchToHttp().getRequest<Request>();
    const name = String(headers['x-test-exception']);
    if (name in EXCEPTIONS) throw EXCEPTIONS[name]?.() ?? new Error();
    return true;
  }
}

const circular: Record<string, unknown> = {};
circular['self'] = circular;

const EXCEPTIONS: Readonly<Record<string, () => Error>> = {
  conflict: () => new ConflictException('The note is locked.', { errorCode: 'note_locked' }),
  teapot: () => new HttpException({ message: 'Short and stout.', spouts: 1, status: 200, requestId: 'x' }, 418),
  missing: () => new NotFoundException('No such note.'),
  unauthorized: () => new UnauthorizedException('Wrong PIN.'),
  forbidden: () => new ForbiddenException('Not your note.'),
  internal: () => new InternalServerErrorException('SELECT secret', { cause: new Error('the secret cause') }),
  unavailable: () => new HttpException({ message: '10.0.0.7 refused', host: '10.0.0.7' }, 503),
  limited: () => new HttpException('Slow down.', 429),
  circular: () => new HttpException(circular, 400),
};

@Public()
@Controller('probe-notes')
class ProbeNotesController {
  constructor(
    private readonly checks: HealthCheckService,
    private readonly indicators: HealthIndicatorService,
  ) {}

  @Get('throws/:name')
  @Header('Cache-Control', 'public, max-age=60')
  @Header('Content-Disposition', 'attachment')
  throw(@Param('name') name: string, @Res({ passthrough: true }) response: Response): never {
    if (name === 'unavailable') response.setHeader('Retry-After', '17');
    throw EXCEPTIONS[name]?.() ?? new Error('The test has no such exception.');
  }

  @All('any')
  rejectAll(@Body() _: unknown): never {
    throw new MethodNotAllowedException();
  }

  @Get('guarded')
  @UseGuards(RejectingGuard)
  guarded(): string {
    return 'open';
  }

  @Get('throttled')
  @UseGuards(ThrottlerGuard)
  @Throttle({ default: { limit: 1, ttl: 40_000 } })
  throttled(): string {
    return 'ok';
  }

  @Get('pages/:page')
  page(@Param('page', ParseIntPipe) page: number): object {
    return { page };
  }

  @Get('old-pages/:page')
  oldPage(@Param('page', new ParseIntPipe({ errorHttpStatusCode: HttpStatus.NOT_ACCEPTABLE })) page: number): object {
    return { page };
  }

  @Post('single')
  single(@Body() note: ProbeNoteDto): ProbeNoteDto {
    return note;
  }

  @Post('files')
  upload(
    @Body(
      new ParseFilePipeBuilder()
        .addMaxSizeValidator({ maxSize: 1 })
        .build({ errorHttpStatusCode: HttpStatus.UNPROCESSABLE_ENTITY }),
    )
    file: ProbeFileDto,
  ): ProbeFileDto {
    return file;
  }

  @Post('lists')
  list(@Body(new ParseArrayPipe({ items: ProbeNoteDto })) notes: ProbeNoteDto[]): ProbeNoteDto[] {
    return notes;
  }

  @Post('old-lists')
  oldList(
    @Body(new ParseArrayPipe({ items: ProbeNoteDto, errorHttpStatusCode: HttpStatus.UNPROCESSABLE_ENTITY }))
    notes: ProbeNoteDto[],
  ): ProbeNoteDto[] {
    return notes;
  }

  @Get('numbers')
  numbers(
    @Query('ids', new ParseArrayPipe({ items: Number, separator: ',' })) ids: number[],
    @Query('page', new DefaultValuePipe(1), ParseIntPipe) page: number,
    @Query('isOpen', new ParseBoolPipe({ optional: true })) isOpen?: boolean,
  ): object {
    return { ids, page, isOpen };
  }

  @Get('health')
  @HealthCheck()
  health(): Promise<object> {
    return this.checks.check([
      () => this.indicators.check('disk').up(),
      () => this.indicators.check('search').down({ message: 'no answer' }),
    ]);
  }
}

@Controller('probe-private-notes')
class ProbePrivateNotesController {
  @Get('guarded')
  @UseGuards(RejectingGuard)
  guarded(): string {
    return 'open';
  }

  @Get('pin')
  pin(): never {
    throw new UnauthorizedException('Wrong PIN.');
  }
}

@Module({
  imports: [TerminusModule.forRoot({ logger: false }), ThrottlerModule.forRoot([{ ttl: 40_000, limit: 1 }])],
  controllers: [ProbeNotesController, ProbePrivateNotesController],
  providers: [{ provide: APP_GUARD, useClass: HeaderGuard }],
})
class NotesModule implements NestModule {
  configure(consumer: MiddlewareConsumer): void {
    const reject = (request: Request, _response: Response, next: NextFunction) => {
      if (request.query['middleware'] === 'throws') throw new BadRequestException('The middleware rejected it.');
      next(request.query['middleware'] === 'passes' ? new GoneException('The middleware passed it on.') : undefined);
    };
    consumer.apply(reject).forRoutes('probe-notes/*path', 'nowhere');
  }
}

describe('an exception of Nest', () => {
  const log = new LogLines();
  let app: TestApp;
  let ada: SignedIn;
  beforeAll(async () => {
    app = await TestApp.start({ imports: [NotesModule], log });
    ada = await buildSignedIn(app);
  });
  afterAll(() => app.close());

  const thrown = (name: string) => app.request.get(`/probe-notes/throws/${name}`);

  it.each([
    ['conflict', 409, { code: 'note_locked', title: 'Note locked', detail: 'The note is locked.' }],
    ['missing', 404, { code: 'not_found', title: 'Not found', detail: 'No such note.' }],
    ['forbidden', 403, { code: 'forbidden', title: 'Forbidden', detail: 'Not your note.' }],
    ['teapot', 418, { code: 'im_a_teapot', title: 'Im a teapot', detail: 'Short and stout.', spouts: 1 }],
  ])('keeps its status, message and members: %s', async (name, status, members) => {
    const answer = await thrown(name);
    expectProblemDocument(answer, status, members.code);
    const standard = { status, type: expect.anything(), instance: expect.anything(), requestId: expect.anything() };
    expect(answer.body).toEqual({ ...standard, ...members });
  });

  it('has WWW-Authenticate with status 401', async () => {
    const answer = await thrown('unauthorized');
    expectProblemDocument(answer, 401, 'unauthorized');
    expect([answer.body.detail, answer.headers['www-authenticate']]).toEqual(['Wrong PIN.', 'Bearer']);
  });

  it('has Allow with status 405', async () => {
    const answer = await app.request.get('/probe-notes/any').expect(405);
    expect(answer.headers['allow']?.split(', ')).toEqual(METHODS.filter((name) => !['GET', 'HEAD'].includes(name)));
  });

  it('has status 400 for a malformed body on a route with @All()', async () => {
    expectProblemDocument(await app.request.post('/probe-notes/any').type('json').send('{'), 400, 'malformed_body');
  });

  it('does not call an accepted token invalid', async () => {
    const answer = await app.as(ada.accessToken).get('/probe-private-notes/pin');
    expect([answer.status, answer.headers['www-authenticate']]).toEqual([401, 'Bearer']);
  });

  it('is logged in full but answered without its message from status 500 on', async () => {
    log.clear();
    const answer = await thrown('internal');
    expectProblemDocument(answer, 500, 'internal_error');
    expect(answer.text).not.toContain('secret');
    expect(log.text).toContain('SELECT secret');
    expect(log.text).toContain('the secret cause');
  });

  it('keeps status 503 and an earlier Retry-After without its message', async () => {
    const answer = await thrown('unavailable');
    expectProblemDocument(answer, 503, 'service_unavailable');
    expect(answer.headers['retry-after']).toBe('17');
    expect(answer.text).not.toContain('10.0.0.7');
  });

  it('gets status 500 if its response is not JSON', async () => {
    expectProblemDocument(await thrown('circular'), 500, 'internal_error');
  });

  it('is not cached or downloaded like the response of its route', async () => {
    const { headers } = await thrown('conflict');
    expect(headers['cache-control']).toBe('no-store');
    expect(headers).not.toHaveProperty('content-disposition');
  });

  it('of a guard that returns false is 403 and audited', async () => {
    expectProblemDocument(await app.request.get('/probe-notes/guarded'), 403, 'forbidden');
    expectProblemDocument(await app.as(ada.accessToken).get('/probe-private-notes/guarded'), 403, 'forbidden');
    await app.app.get(RejectionRecorder).flush();
    const events = (await auditRows(app.database)).filter(({ type }) => type === 'access_denied');
    expect(events).toMatchObject([{ reason: 'forbidden', user_id: ada.id, session_id: ada.sessionId }]);
  });

  it('of ThrottlerGuard is 429 with the Retry-After of the guard', async () => {
    await app.request.get('/probe-notes/throttled').expect(200);
    const answer = await app.request.get('/probe-notes/throttled');
    expectProblemDocument(answer, 429, 'too_many_requests');
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(1);
  });

  it('of a Terminus check is 503 with the details of the check', async () => {
    const answer = await app.request.get('/probe-notes/health');
    expectProblemDocument(answer, 503, 'service_unavailable');
    expect(answer.body).toMatchObject({
      info: { disk: { status: 'up' } },
      error: { search: { status: 'down', message: 'no answer' } },
      details: { disk: { status: 'up' }, search: { status: 'down', message: 'no answer' } },
    });
    expect(answer.headers['retry-after']).toBe('1');
  });

  it.each([
    ['teapot', 400, 'invalid_request', 'Short and stout.'],
    ['forbidden', 400, 'invalid_grant', 'Not your note.'],
    ['limited', 429, 'temporarily_unavailable', 'Slow down.'],
    ['unavailable', 503, 'temporarily_unavailable', 'Service Unavailable. Report the request ID to support.'],
    ['internal', 500, 'server_error', 'An internal error occurred. Report the request ID to support.'],
  ])('has OAuth format at the token endpoint: %s', async (name, status, error, description) => {
    const form = { grant_type: 'password', username: ada.email, password: ada.password };
    const request = app.request.post('/auth/token').set('X-Test-Exception', name).type('form');
    const { body, headers } = await request.send(form).expect(status);
    expect(body).toEqual({ error, error_description: description });
    expect('retry-after' in headers).toBe(status === 429 || status === 503);
  });

  it.each([
    ['/probe-notes/throws/conflict?middleware=throws', 400, 'bad_request', 'The middleware rejected it.'],
    ['/probe-notes/throws/conflict?middleware=passes', 410, 'gone', 'The middleware passed it on.'],
    ['/nowhere?middleware=throws', 400, 'bad_request', 'The middleware rejected it.'],
    ['/nowhere', 404, 'not_found', 'No such route.'],
  ])('of a middleware keeps its detail: %s', async (path, status, code, detail) => {
    const answer = await app.request.get(path);
    expectProblemDocument(answer, status, code);
    expect(answer.body.detail).toBe(detail);
  });

  it.each([
    ['/probe-notes/pages/x', 400, 'bad_request'],
    ['/probe-notes/pages/1.5', 400, 'bad_request'],
    ['/probe-notes/old-pages/x', 406, 'not_acceptable'],
  ])('of ParseIntPipe keeps its status and message: %s', async (path, status, code) => {
    const answer = await app.request.get(path);
    expectProblemDocument(answer, status, code);
    expect(answer.body.detail).toBe('Validation failed (numeric string is expected)');
  });

  it.each([
    ['ids=1,2', { ids: [1, 2], page: 1 }],
    ['ids=1&page=7&isOpen=false', { ids: [1], page: 7, isOpen: false }],
  ])('is not thrown for a query that the pipes of Nest accept: %s', async (query, parsed) => {
    expect((await app.request.get(`/probe-notes/numbers?${query}`).expect(200)).body).toEqual(parsed);
  });

  it.each(['', 'ids=1,x', 'ids=1&page=', 'ids=1&page=0x10', 'ids=1&page=1e3', 'ids=1&isOpen=yes', 'ids=1&isOpen='])(
    'is thrown for a query that the pipes of Nest reject: %s',
    async (query) => {
      expectProblemDocument(await app.request.get(`/probe-notes/numbers?${query}`), 400, 'bad_request');
    },
  );

  it('of a file validator keeps its status and message', async () => {
    const answer = await app.request.post('/probe-notes/files').send({ size: 2 });
    expectProblemDocument(answer, 422, 'unprocessable_entity');
    expect(answer.body.detail).toMatch(/^Validation failed \(/);
  });

  describe('of ParseArrayPipe', () => {
    const post = (body: unknown, path = '/probe-notes/lists') =>
      app.request.post(path).set('Content-Type', 'application/json').send(JSON.stringify(body));

    it('is not thrown for valid items', async () => {
      const { body } = await post([{ title: 'a' }, { title: 'b' }]).expect(201);
      expect(body).toEqual([{ title: 'a' }, { title: 'b' }]);
      expect((await post([]).expect(201)).body).toEqual([]);
    });

    it('names every invalid field of every item', async () => {
      const answer = await post([{ title: 1 }, { title: 'b' }, { title: 'c', 'x/y': 1 }, null, 'text', [], {}]);
      expectProblemDocument(answer, 400, 'validation_failed');
      const pointers = (answer.body.errors as { pointer: string }[]).map(({ pointer }) => pointer);
      expect(pointers).toEqual(['/0/title', '/2/x~1y', '/3', '/4', '/5', '/6/title']);
    });

    it.each([[{ title: 'a' }], [{}], [undefined]])('is thrown for a body that is not an array: %j', async (body) => {
      const answer = await post(body);
      expect([answer.status, answer.body.instance]).toEqual([400, '/probe-notes/lists']);
    });

    it('is thrown for the key __proto__ in an item', async () => {
      const text = '[{"title":"a","__proto__":{"isAdmin":true}}]';
      const answer = await app.request.post('/probe-notes/lists').set('Content-Type', 'application/json').send(text);
      expectProblemDocument(answer, 400, 'validation_failed');
    });

    it('keeps the status of its options', async () => {
      const answer = await post([{ title: 1 }], '/probe-notes/old-lists');
      expectProblemDocument(answer, 422, 'unprocessable_entity');
      expect(answer.body.detail).toContain('/0/title ');
    });

    it('is thrown for an array where an object is expected', async () => {
      const answer = await post([{ title: 'a' }], '/probe-notes/single');
      expectProblemDocument(answer, 400, 'validation_failed');
    });
  });
});
