import { All, Body, Controller, Get, Head, Post, Sse } from '@nestjs/common';
import {
  ApiBadRequestResponse,
  ApiBody,
  ApiConflictResponse,
  ApiDefaultResponse,
  ApiExtraModels,
  ApiForbiddenResponse,
  ApiInternalServerErrorResponse,
  ApiOkResponse,
  ApiParam,
  ApiProperty,
  ApiQuery,
  ApiResponse,
  ApiServiceUnavailableResponse,
  ApiTags,
  ApiUnauthorizedResponse,
} from '@nestjs/swagger';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import { Test } from '@nestjs/testing';
import { NEVER } from 'rxjs';
import { FormBody } from '../http/body/body.decorators.js';
import { ProblemDto } from '../http/problem.js';
import { Roles } from '../http/roles.decorator.js';
import { buildOpenApi } from './openapi.js';

@ApiTags('orders')
@Controller('orders')
class OrdersController {
  @Get()
  list(): void {
    return undefined;
  }

  @Sse('events')
  stream(): typeof NEVER {
    return NEVER;
  }
}

@Roles('admin')
@Controller('admin/orders')
class AdminOrdersController {
  @Get()
  list(): void {
    return undefined;
  }

  @Post()
  create(): void {
    return undefined;
  }
}

class ErrorDto {
  @ApiProperty()
  reason!: string;
}

class FormDto {
  @ApiProperty()
  name!: string;
}

/** Describes responses as in Nest's documentation. */
@ApiExtraModels(ProblemDto)
@ApiUnauthorizedResponse({ description: 'Sign in first.' })
@ApiDefaultResponse()
@Controller('documented')
class DocumentedController {
  @Get('first/:id')
  @ApiParam({ name: 'id' })
  @ApiQuery({ name: 'page', required: false })
  @ApiBadRequestResponse()
  @ApiConflictResponse({ description: 'Taken.', type: ErrorDto })
  @ApiInternalServerErrorResponse({ type: ErrorDto })
  @ApiResponse({ status: '4XX' })
  @ApiResponse({ status: 429, headers: { 'X-Limit': { description: 'Mine.', schema: { type: 'integer' } } } })
  first(): void {
    return undefined;
  }

  @Post('second')
  @Roles('admin')
  @FormBody()
  @ApiBody({ type: FormDto, description: 'A name.' })
  @ApiForbiddenResponse({ content: { 'application/problem+json': { example: { code: 'mine' } } } })
  @ApiServiceUnavailableResponse({ $ref: '#/components/responses/Outage' } as object)
  @ApiOkResponse({ content: { 'text/csv': {} } })
  second(@Body() _body: FormDto): void {
    return undefined;
  }

  @All('all')
  all(): void {
    return undefined;
  }

  @Head('head')
  head(): void {
    return undefined;
  }

  @Sse('events')
  @ApiOkResponse()
  stream(): typeof NEVER {
    return NEVER;
  }
}

async function buildDocument() {
  const module = await Test.createTestingModule({
    controllers: [OrdersController, AdminOrdersController, DocumentedController],
  }).compile();
  return buildOpenApi(module.createNestApplication({ logger: false }));
}

describe('buildOpenApi', () => {
  it('describes the tag and the common errors of a new module', async () => {
    const { tags, paths } = await buildDocument();
    expect(tags).toContainEqual({ name: 'orders', description: 'Routes of orders' });
    const { operationId, security, responses } = paths['/orders']?.get ?? {};
    expect([operationId, security]).toEqual(['ordersList', [{ signIn: [] }]]);
    expect(Object.keys(responses ?? {})).toEqual(['200', '401', '403', '429', '500', '503']);
  });

  it('describes a step-up of admin routes only where they write', async () => {
    const { get, post } = (await buildDocument()).paths['/admin/orders'] ?? {};
    expect(JSON.stringify(get?.responses)).not.toContain('insufficient_user_authentication');
    expect(JSON.stringify(post?.responses)).toContain('insufficient_user_authentication');
  });

  it('describes an event stream', async () => {
    const { paths } = await buildDocument();
    const events = paths['/orders/events']?.get?.responses['200'];
    expect(events).toMatchObject({
      description: 'OK',
      content: { 'text/event-stream': { schema: { type: 'string' } } },
    });
  });

  it('keeps the responses of Swagger decorators and adds the problems to them', async () => {
    const { paths } = await buildDocument();
    const { responses = {} } = paths['/documented/first/{id}']?.get ?? {};
    expect(responses['401']).toMatchObject({
      description: expect.stringMatching(/^Sign in first\.\n\n`token_missing`/),
      content: { 'application/problem+json': { examples: { session_revoked: expect.anything() } } },
    });
    expect(responses['400']).toMatchObject({
      description: expect.stringMatching(/^`validation_failed`/),
      content: { 'application/problem+json': { examples: { bad_request: expect.anything() } } },
    });
    expect(Object.keys((responses['500'] as { content: object }).content)).toEqual([
      'application/json',
      'application/problem+json',
    ]);
    expect(responses['409']).toMatchObject({ description: 'Taken.', content: { 'application/json': {} } });
    expect(responses['429']).toMatchObject({
      description: expect.stringMatching(/^`too_many_connections`/),
      headers: { 'X-Limit': { description: 'Mine.' }, 'Retry-After': expect.anything() },
    });
    expect(responses.default).toMatchObject({ description: 'Other responses.' });
  });

  it('keeps examples, references and bodies of Swagger decorators', async () => {
    const { paths } = await buildDocument();
    const { responses = {}, requestBody } = paths['/documented/second']?.post ?? {};
    expect(responses['403']).toMatchObject({
      content: {
        'application/problem+json': {
          examples: { example: { value: { code: 'mine' } }, forbidden: expect.anything() },
        },
      },
    });
    expect(responses['503']).toMatchObject({ $ref: '#/components/responses/Outage' });
    expect(responses['503']).not.toHaveProperty('content');
    expect(responses['503']).not.toHaveProperty('headers');
    expect(responses['200']).toMatchObject({ content: { 'text/csv': {} } });
    expect(requestBody).toMatchObject({
      description: 'A name.',
      content: { 'application/x-www-form-urlencoded': { schema: { $ref: '#/components/schemas/Form' } } },
    });
  });

  it('requires a token for every method of a route', async () => {
    const { paths } = await buildDocument();
    const operations = ['/documented/all', '/documented/head'].flatMap((path) =>
      Object.entries(paths[path] as Readonly<Record<string, { security?: object; responses: object }>>),
    );
    expect(operations.map(([method]) => method)).toEqual(expect.arrayContaining(['get', 'options', 'head']));
    for (const [method, { security, responses }] of operations) {
      expect([method, security, Object.keys(responses)]).toEqual([
        method,
        [{ signIn: [] }],
        expect.arrayContaining(['401']),
      ]);
    }
  });

  it('is a valid document with the responses of Swagger decorators', async () => {
    const document = await buildDocument();
    Object.assign(document.components ?? {}, { responses: { Outage: { description: 'Down.' } } });
    delete (document.paths['/documented/all'] as Record<string, unknown>)['search'];
    const config = await createConfig({ rules: { struct: 'error', 'no-unresolved-refs': 'error' } });
    const problems = await lintFromString({ source: JSON.stringify(document), config });
    expect(problems.map(({ message, location }) => [message, location[0]?.pointer])).toEqual([]);
  });
});
