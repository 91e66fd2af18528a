import { applyDecorators, createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { Request, RequestHandler } from 'express';
import type { AccessCheck } from './access-check.js';
import { BODY_READER, declaresMoreThan } from './body-parsers.js';

/** A request whose body is read after the guards. `readBody` adds the check. */
export interface LateBodyRequest extends Request {
  accessCheck?: AccessCheck;
  /** Whether the guards have accepted the request again since its body was complete. */
  isAccessChecked?: boolean;
}

/**
 * Marks a route whose body an interceptor reads, which is after the guards. That interceptor must call `checkAccessAgain`
 * when the body is complete. Otherwise the session could be revoked while the client sends the body. The handler runs only
 * after that check.
 */
export function LateBody(maxBytes: number): MethodDecorator {
  return applyDecorators(SetMetadata(BODY_READER, leaveUnread(maxBytes)), RequireCheckedAccess);
}

/** @throws the error of the first guard that now rejects the request */
export async function checkAccessAgain(context: ExecutionContext): Promise<void> {
  const request = context.switchToHttp().getRequest<LateBodyRequest>();
  if (!request.accessCheck) throw new Error('@Multipart() and @FormBody() need the middleware readBody.');
  await request.accessCheck.check(context);
  request.isAccessChecked = true;
}

function leaveUnread(maxBytes: number): RequestHandler {
  return (request, response, next) => {
    // A guard may reject the request. Node.js then discards the body, which must not take long.
    const isLimited = 'content-length' in request.headers && !declaresMoreThan(request, maxBytes);
    if (!isLimited) response.setHeader('Connection', 'close');
    next();
  };
}

const CheckedAccess = createParamDecorator((_: unknown, context: ExecutionContext): void => {
  const { isAccessChecked } = context.switchToHttp().getRequest<LateBodyRequest>();
  if (!isAccessChecked)
    throw new Error('@Multipart() needs an interceptor that reads the body, such as FileInterceptor.');
});

/**
 * Adds a parameter behind those that the handler declares. Nest evaluates parameters after all interceptors, in whatever
 * order a team declares them, and calls the handler only if none of them throws.
 */
function RequireCheckedAccess(target: object, key: string | symbol): void {
  const declared = Reflect.getMetadata('design:paramtypes', target, key) as readonly unknown[];
  CheckedAccess()(target, key, declared.length);
}
