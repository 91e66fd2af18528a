import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Principal } from '../common/principal.js';
import { requestOf } from './guarded-request.js';

/** Injects the principal of the current request. Not for `@Public()` routes. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { principal } = requestOf(context);
  if (!principal) throw new Error('@CurrentPrincipal() cannot be used on a @Public() route.');
  return principal;
});
