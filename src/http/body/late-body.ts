import { applyDecorators, createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { RequestHandler } from 'express';
import type { LateBodyRequest } from './access-check.js';
import { declaresMoreThan } from './body-parsers.js';
import { BODY_READER } from './body-reader.js';

/**
 * Marks a route whose body an interceptor reads, which is after the guards. Before the handler runs, checks that the body
 * is complete, and runs the guards once more. Otherwise the session could be revoked while the client sends the body.
 */
export function LateBody(maxBytes: number): MethodDecorator {
  return applyDecorators(SetMetadata(BODY_READER, leaveUnread(maxBytes)), CheckAccessAgain);
}

function leaveUnread(maxBytes: number): RequestHandler {
  return (request, response, next) => {
    // A guard may reject the request. Node.js then discards the body, which must not take long.
    const isLimited = 'content-length' in request.headers && !declaresMoreThan(request, maxBytes);
    if (!isLimited) response.setHeader('Connection', 'close');
    next();
  };
}

const AccessCheckedAgain = createParamDecorator(async (_: unknown, context: ExecutionContext): Promise<void> => {
  const { complete, accessCheck } = context.switchToHttp().getRequest<LateBodyRequest>();
  if (!complete) throw new Error('The handler needs an interceptor that reads the body, such as FileInterceptor.');
  if (!accessCheck) throw new Error('@Multipart() and @FormBody() need the middleware readBody.');
  await accessCheck.check(context);
});

/**
 * Adds a parameter behind those that the handler declares. Nest evaluates parameters after all interceptors, in whatever
 * order a team declares them, and calls the handler only when all parameters are known.
 */
function CheckAccessAgain(target: object, key: string | symbol): void {
  const declared = Reflect.getMetadata('design:paramtypes', target, key) as readonly unknown[];
  AccessCheckedAgain()(target, key, declared.length);
}
