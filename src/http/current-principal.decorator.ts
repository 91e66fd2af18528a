import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import type { AccessClaims, Principal } from '../common/principal.js';

/** A request with the fields that the guards add: `JwtAuthGuard` sets `claims`, `SessionGuard` sets `principal`. */
export interface GuardedRequest extends Request {
  claims?: AccessClaims;
  principal?: Principal;
}

/** Injects the principal of the current request. Not for `@Public()` routes. */
export const CurrentPrincipal = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<GuardedRequest>();
  if (!principal) throw new Error('@CurrentPrincipal() cannot be used on a @Public() route.');
  return principal;
});
