import { createParamDecorator, type ExecutionContext, type PipeTransform, type Type } from '@nestjs/common';
import { GUARDS_METADATA } from '@nestjs/common/constants.js';
import type { Reflector } from '@nestjs/core';
import { requestOf, type GuardedRequest } from './guarded-request.js';
import { RouteExtension } from './route-extension.decorator.js';

const TAKES_USER = 'gatehouse:takes-user';

/** Marks operations that take the current user. `buildOpenApi` reads and removes it. */
export const USER_EXTENSION = 'x-user';

type Pipe = Type<PipeTransform> | PipeTransform;

/**
 * Returns a parameter decorator that injects the identity of the caller. On a public route, it makes the guards check the
 * token of a request, and injects `null` if the request has none.
 */
export function identityDecorator(
  find: (request: GuardedRequest) => object | undefined,
): (...pipes: Pipe[]) => ParameterDecorator {
  const inject = createParamDecorator((_: unknown, context: ExecutionContext) => {
    const identity = find(requestOf(context));
    // An optional guard of passport sets `false`.
    return typeof identity === 'object' ? identity : null;
  });
  return (...pipes) =>
    (target, key, index) => {
      inject(...pipes)(target, key, index);
      const descriptor = key === undefined ? undefined : Object.getOwnPropertyDescriptor(target, key);
      if (key === undefined || !descriptor) return;
      RouteExtension(USER_EXTENSION, true)(target, key, descriptor);
      Reflect.defineMetadata(TAKES_USER, true, descriptor.value as object);
      // The guards check the handshake of a gateway against its class.
      Reflect.defineMetadata(TAKES_USER, true, target.constructor);
    };
}

/** Returns whether a handler, or a gateway that is checked as a whole, takes the current user. */
export function takesUser(handler: object): boolean {
  return Reflect.getMetadata(TAKES_USER, handler) === true;
}

/** Returns whether the guards must check a token on this public route. `AuthGuard()` of passport checks it itself. */
export function takesOptionalUser(reflector: Reflector, context: ExecutionContext): boolean {
  const targets = [context.getHandler(), context.getClass()];
  return (
    takesUser(context.getHandler()) && !reflector.getAllAndMerge<unknown[]>(GUARDS_METADATA, targets).some(isAuthGuard)
  );
}

function isAuthGuard(guard: unknown): boolean {
  const instance: unknown = typeof guard === 'function' ? guard.prototype : guard;
  return typeof (instance as { handleRequest?: unknown } | null)?.handleRequest === 'function';
}
