import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import type { Role } from './role.js';

/** What a verified access token says: who asks, by which session. Nothing here says that they still may. */
export interface AccessClaims {
  readonly userId: string;
  readonly sessionId: string;
}

/** The principal of a request: the claims of its token, confirmed by the session's row. */
export interface AuthContext extends AccessClaims {
  readonly role: Role;
}

/** A request on its way through the guards: `JwtAuthGuard` sets `user`, `SessionGuard` sets `auth`. */
export interface GuardedRequest extends Request {
  user?: AccessClaims | undefined;
  auth?: AuthContext | undefined;
}

/** The principal of the current request. Only for routes behind the guards. */
export const Auth = createParamDecorator((_: unknown, context: ExecutionContext): AuthContext => {
  const { auth } = context.switchToHttp().getRequest<GuardedRequest>();
  if (!auth) throw new Error('@Auth() was used on a route that no guard protects.');
  return auth;
});
