import { applyDecorators, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { Reflector } from '@nestjs/core';
import { ApiExtension } from '@nestjs/swagger';

const PUBLIC = 'gatehouse:public';

/** How the OpenAPI document is told; taken out again when it is built. */
export const PUBLIC_EXTENSION = 'x-public';

/** Opens a route, or every route of a controller, to requests without an access token. All others are guarded. */
export function Public(): MethodDecorator & ClassDecorator {
  return applyDecorators(SetMetadata(PUBLIC, true), ApiExtension(PUBLIC_EXTENSION, true));
}

/** Whether a request's route is open: its handler says so, or else its controller. */
export function isPublic(reflector: Reflector, context: ExecutionContext): boolean {
  return reflector.getAllAndOverride<true | undefined>(PUBLIC, [context.getHandler(), context.getClass()]) ?? false;
}
