import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import type { AccessClaims, Principal } from '../common/principal.js';

/** A request on its way through the guards: `JwtAuthGuard` sets `claims`, `SessionGuard` sets `principal`. */
export interface GuardedRequest extends Request {
  claims?: AccessClaims;
  principal?: Principal;
}

/** The principal of the current request. Only for routes behind the guards. */
export const Auth = createParamDecorator((_: unknown, context: ExecutionContext): Principal => {
  const { principal } = context.switchToHttp().getRequest<GuardedRequest>();
  if (!principal) throw new Error('@Auth() was used on a route that no guard protects.');
  return principal;
});
