import { applyDecorators, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import { RouteExtension } from './route-extension.decorator.js';

const PUBLIC = 'gatehouse:public';

/** Marks public operations with their options. `buildOpenApi` reads and removes it. */
export const PUBLIC_EXTENSION = 'x-public';

export interface PublicOptions {
  /** Serves the route even if so many requests wait for the database that other public routes return 503. */
  readonly evenIfBusy?: boolean;
}

/** Allows requests without an access token on a route or a controller. All other routes require one. */
export function Public(options: PublicOptions = {}): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(PUBLIC, options), RouteExtension(PUBLIC_EXTENSION, options));
}

/** Returns whether the handler or its controller has `@Public()`. */
export function isPublic(reflector: Reflector, context: ExecutionContext): boolean {
  return publicOptions(reflector, context) !== undefined;
}

/** Returns the options of `@Public()`, or `undefined` if the handler and its controller do not have it. */
export function publicOptions(reflector: Reflector, context: ExecutionContext): PublicOptions | undefined {
  return reflector.getAllAndOverride<PublicOptions | undefined>(PUBLIC, [context.getHandler(), context.getClass()]);
}
