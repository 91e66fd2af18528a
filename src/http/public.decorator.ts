import { applyDecorators, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import { RouteExtension } from './route-extension.decorator.js';

const PUBLIC = 'gatehouse:public';

/** Marks public operations. `buildOpenApi` reads and removes it. */
export const PUBLIC_EXTENSION = 'x-public';

/** Allows requests without an access token on a route or a controller. All other routes require one. */
export function Public(): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(PUBLIC, true), RouteExtension(PUBLIC_EXTENSION, true));
}

/** Returns whether the handler or its controller has `@Public()`. */
export function isPublic(reflector: Reflector, context: ExecutionContext): boolean {
  return reflector.getAllAndOverride<true | undefined>(PUBLIC, [context.getHandler(), context.getClass()]) ?? false;
}
