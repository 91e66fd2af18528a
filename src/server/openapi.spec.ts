import { Controller, Get, Sse } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Test } from '@nestjs/testing';
import { NEVER } from 'rxjs';
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

async function buildDocument() {
  const module = await Test.createTestingModule({ controllers: [OrdersController] }).compile();
  return buildOpenApi(module.createNestApplication({ logger: false }));
}

describe('buildOpenApi', () => {
  it('describes the tag and the common errors of a new module', async () => {
    const { tags, paths } = await buildDocument();
    expect(tags).toContainEqual({ name: 'orders', description: 'Routes of orders' });
    const { operationId, security, responses } = paths['/orders']?.get ?? {};
    expect([operationId, security]).toEqual(['ordersList', [{ signIn: [] }]]);
    expect(Object.keys(responses ?? {})).toEqual(['200', '401', '500', '503']);
  });

  it('describes an event stream', async () => {
    const { paths } = await buildDocument();
    const events = paths['/orders/events']?.get?.responses['200'];
    expect(events).toEqual({ description: 'OK', content: { 'text/event-stream': { schema: { type: 'string' } } } });
  });
});
