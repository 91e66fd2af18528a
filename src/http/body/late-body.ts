import { applyDecorators, createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { Request, RequestHandler } from 'express';
import type { GlobalGuards } from '../global-guards.js';
import { BODY_READER, closeIfLong } from './body-parsers.js';

/** A request whose body is read after the guards. `readBody` sets `globalGuards`. */
export interface LateBodyRequest extends Request {
  globalGuards?: GlobalGuards;
  /** Whether the guards have accepted the request again since its body was complete. */
  isAccessChecked?: boolean;
}

/**
 * Leaves the body of a route to an interceptor, which reads it after the guards. The interceptor must call
 * `checkAccessAgain` when the body is complete, because the session can be revoked while the client sends the body.
 * Without that check, the handler does not run.
 */
export function LateBody(maxBytes: number): MethodDecorator {
  return applyDecorators(SetMetadata(BODY_READER, leaveUnread(maxBytes)), RequireCheckedAccess);
}

/** Runs the guards again and throws the error of the first one that rejects the request. */
export async function checkAccessAgain(context: ExecutionContext): Promise<void> {
  const request = context.switchToHttp().getRequest<LateBodyRequest>();
  if (!request.globalGuards) throw new Error('@Multipart() needs the middleware readBody.');
  await request.globalGuards.run(context);
  request.isAccessChecked = true;
}

function leaveUnread(maxBytes: number): RequestHandler {
  return (request, response, next) => {
    // A guard may reject the request.
    closeIfLong(request, response, maxBytes);
    next();
  };
}

const CheckedAccess = createParamDecorator((_: unknown, context: ExecutionContext): void => {
  const { isAccessChecked } = context.switchToHttp().getRequest<LateBodyRequest>();
  if (!isAccessChecked)
    throw new Error('@Multipart() needs an interceptor that reads the body, such as FileInterceptor.');
});

/**
 * Adds a parameter after those that the handler declares. Nest evaluates parameters after all interceptors, regardless
 * of the order of the decorators, and calls the handler only if none of them throws.
 */
function RequireCheckedAccess(target: object, key: string | symbol): void {
  const declared = Reflect.getMetadata('design:paramtypes', target, key) as readonly unknown[];
  CheckedAccess()(target, key, declared.length);
}
