import { ApiExtension } from '@nestjs/swagger';

/**
 * Adds an extension to the operations of a route or a controller in the OpenAPI document. Skips gateways with
 * `@WebSocketServer()`, which sets a property of the prototype to null, because `ApiExtension` throws on null.
 */
export function RouteExtension(name: string, value: unknown): MethodDecorator & ClassDecorator {
  const extend = ApiExtension(name, value) as (target: object, ...rest: unknown[]) => unknown;
  return (target: object, ...rest: unknown[]) => {
    if (typeof target !== 'function' || !hasNull(target.prototype as object)) extend(target, ...rest);
  };
}

function hasNull(prototype: object): boolean {
  return Object.values(Object.getOwnPropertyDescriptors(prototype)).some(({ value }) => value === null);
}
