import type { OpenAPIObject } from '@nestjs/swagger';
import { operationIds, renameSchemas } from './openapi-names.js';

describe('operationIds', () => {
  it.each([
    ['UsersController', 'getCurrentUser', undefined, 'getCurrentUser'],
    ['OrdersController', 'listOrders', 'v2', 'listOrdersV2'],
    ['OrdersController', 'list', undefined, 'ordersList'],
    ['OrdersController', 'findAll', undefined, 'ordersFindAll'],
    ['OrdersController', 'findOne[1]', undefined, 'ordersFindOne1'],
    ['OrdersController', 'listOrders[1]', undefined, 'listOrders1'],
  ])('names %s.%s in version %s %s', (controller, method, version, id) => {
    expect(operationIds()(controller, method, version)).toBe(id);
  });

  it('adds the controller to a name that another controller has', () => {
    const nameOf = operationIds();
    expect(nameOf('OrdersController', 'cancelOrder')).toBe('cancelOrder');
    expect(nameOf('OrdersAdminController', 'cancelOrder')).toBe('ordersAdminCancelOrder');
    expect(nameOf('OrdersController', 'cancelOrder')).toBe('cancelOrder');
  });
});

describe('renameSchemas', () => {
  it('removes Dto from schemas and references, unless the name is taken', () => {
    const ref = (name: string) => ({ $ref: `#/components/schemas/${name}` });
    const schemas = { Order: {}, OrderDto: { items: ref('ItemDto') }, ItemDto: { example: 'ItemDto' } };
    const document = { paths: { '/orders': ref('OrderDto') }, components: { schemas } };
    expect(renameSchemas(document as unknown as OpenAPIObject)).toEqual({
      paths: { '/orders': ref('OrderDto') },
      components: { schemas: { Order: {}, OrderDto: { items: ref('Item') }, Item: { example: 'ItemDto' } } },
    });
  });
});
