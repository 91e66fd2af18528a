import { Controller, Get } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import { Test } from '@nestjs/testing';
import { buildOpenApi } from './openapi.js';

@ApiTags('orders')
@Controller('orders')
class OrdersController {
  @Get()
  list(): void {
    return undefined;
  }
}

describe('buildOpenApi', () => {
  it('describes the tag and the common errors of a new module', async () => {
    const module = await Test.createTestingModule({ controllers: [OrdersController] }).compile();
    const { tags, paths } = buildOpenApi(module.createNestApplication({ logger: false }));
    expect(tags).toContainEqual({ name: 'orders', description: 'Routes of orders' });
    const { operationId, security, responses } = paths['/orders']?.get ?? {};
    expect([operationId, security]).toEqual(['ordersList', [{ signIn: [] }]]);
    expect(Object.keys(responses ?? {})).toEqual(['200', '401', '500', '503']);
  });
});
