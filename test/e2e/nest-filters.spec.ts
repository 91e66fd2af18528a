import {
  Catch,
  Controller,
  Get,
  HttpException,
  HttpStatus,
  Module,
  Param,
  UseFilters,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import { APP_FILTER, BaseExceptionFilter, HttpAdapterHost } from '@nestjs/core';
import type { Request, Response } from 'express';
import { ForbiddenError, ValidationFailedError } from '../../src/common/domain.error.js';
import { Public } from '../../src/http/public.decorator.js';
import { Roles } from '../../src/http/roles.decorator.js';
import { DatabaseUnavailableError } from '../../src/platform/database/pg-errors.js';
import { SessionRevokedError } from '../../src/sessions/sessions.errors.js';
import { buildSignedIn, type SignedIn } from '../support/builders.js';
import { TestApp } from '../support/test-app.js';

const CLAIMS = { userId: 'the user', sessionId: 'the session' };

const ERRORS: Readonly<Record<string, () => Error>> = {
  forbidden: () => new ForbiddenError({ claims: CLAIMS }),
  revoked: () => new SessionRevokedError('logout', CLAIMS),
  invalid: () => new ValidationFailedError([{ pointer: '/title', message: 'is missing' }]),
  unavailable: () => new DatabaseUnavailableError({ cause: new Error('10.0.0.7 refused') }),
};

/** The filter of docs.nestjs.com/exception-filters#catch-everything. */
@Catch()
class CatchEverythingFilter implements ExceptionFilter {
  constructor(private readonly httpAdapterHost: HttpAdapterHost) {}

  catch(exception: unknown, host: ArgumentsHost): void {
    const { httpAdapter } = this.httpAdapterHost;
    const ctx = host.switchToHttp();
    const httpStatus = exception instanceof HttpException ? exception.getStatus() : HttpStatus.INTERNAL_SERVER_ERROR;
    const responseBody = {
      statusCode: httpStatus,
      timestamp: new Date().toISOString(),
      path: httpAdapter.getRequestUrl(ctx.getRequest()) as string,
    };
    httpAdapter.reply(ctx.getResponse(), responseBody, httpStatus);
  }
}

/** The filter of docs.nestjs.com/exception-filters#inheritance. */
@Catch()
class AllExceptionsFilter extends BaseExceptionFilter {
  override catch(exception: unknown, host: ArgumentsHost): void {
    super.catch(exception, host);
  }
}

/** The filter of docs.nestjs.com/exception-filters#exception-filters-1. */
@Catch(HttpException)
class HttpExceptionFilter implements ExceptionFilter {
  catch(exception: HttpException, host: ArgumentsHost): void {
    const ctx = host.switchToHttp();
    const response = ctx.getResponse<Response>();
    const request = ctx.getRequest<Request>();
    const status = exception.getStatus();
    response.status(status).json({ statusCode: status, message: exception.message, path: request.url });
  }
}

@Controller('probe-filters')
class ProbeFiltersController {
  @Public()
  @Get('everything/:name')
  @UseFilters(CatchEverythingFilter)
  everything(@Param('name') name: string): never {
    throw ERRORS[name]?.() ?? new Error('secret');
  }

  @Public()
  @Get('base/:name')
  @UseFilters(AllExceptionsFilter)
  base(@Param('name') name: string): never {
    throw ERRORS[name]?.() ?? new Error('secret');
  }

  @Public()
  @Get('http/:name')
  @UseFilters(HttpExceptionFilter)
  http(@Param('name') name: string): never {
    throw ERRORS[name]?.() ?? new Error('secret');
  }

  @Get('guarded')
  @UseFilters(AllExceptionsFilter)
  guarded(): void {
    return undefined;
  }

  @Get('restricted')
  @Roles('admin')
  restricted(): void {
    return undefined;
  }
}

@Module({ controllers: [ProbeFiltersController] })
class FiltersModule {}

@Module({
  controllers: [ProbeFiltersController],
  providers: [{ provide: APP_FILTER, useClass: CatchEverythingFilter }],
})
class GlobalFilterModule {}

describe("an exception filter from Nest's documentation", () => {
  let app: TestApp;
  beforeAll(async () => (app = await TestApp.start({ imports: [FiltersModule] })));
  afterAll(() => app.close());

  const cases: [name: string, status: number, body: object][] = [
    ['forbidden', 403, { message: 'Your role does not allow this.', errorCode: 'forbidden' }],
    ['revoked', 401, { message: expect.any(String), errorCode: 'session_revoked', reason: 'logout' }],
    [
      'invalid',
      400,
      { message: 'Some fields are not valid.', errorCode: 'validation_failed', errors: expect.any(Array) },
    ],
    ['unavailable', 503, { message: expect.any(String), errorCode: 'database_unavailable' }],
  ];

  it.each(cases)('that catches everything keeps the status of a domain error: %s', async (name, status) => {
    const { body } = await app.request.get(`/probe-filters/everything/${name}`).expect(status);
    expect(body).toMatchObject({ statusCode: status, path: `/probe-filters/everything/${name}` });
  });

  it.each(cases)('that extends BaseExceptionFilter sends only public members: %s', async (name, status, body) => {
    expect((await app.request.get(`/probe-filters/base/${name}`).expect(status)).body).toEqual({
      statusCode: status,
      ...body,
    });
  });

  it.each(cases)('that catches HttpException gets a domain error: %s', async (name, status) => {
    const { body } = await app.request.get(`/probe-filters/http/${name}`).expect(status);
    expect(body).toEqual({ statusCode: status, message: expect.any(String), path: `/probe-filters/http/${name}` });
  });

  it('gets the errors of the guards', async () => {
    const { body } = await app.request.get('/probe-filters/guarded').expect(401);
    expect(body).toMatchObject({ statusCode: 401, errorCode: 'token_missing' });
  });
});

describe("a global exception filter from Nest's documentation", () => {
  let app: TestApp;
  let ada: SignedIn;
  beforeAll(async () => {
    app = await TestApp.start({ imports: [GlobalFilterModule] });
    ada = await buildSignedIn(app);
  });
  afterAll(() => app.close());

  it('keeps the status of every rejection', async () => {
    await app.request.get('/probe-filters/guarded').expect(401);
    await app.as('no.such.token').get('/users/me').expect(401);
    await app.as(ada.accessToken).get('/probe-filters/restricted').expect(403);
    await app.as(ada.accessToken).get('/nowhere').expect(404);
    await app.request.post('/auth/login').send({ email: 'x' }).expect(400);
    await app.request.post('/auth/login').type('text').send('x').expect(415);
    await app.request.get('/probe-filters/everything/unknown').expect(500);
  });
});
