import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { clientOf } from '../http/client.js';
import type { AccessClaims } from '../common/principal.js';
import { requestOf, type GuardedRequest } from '../http/guarded-request.js';
import { isPublic } from '../http/public.decorator.js';
import { LastSeenRecorder } from './last-seen.recorder.js';
import type { GuardedSession } from './session-access.repository.js';
import { SessionLookup } from './session.lookup.js';

/**
 * The second global guard. Looks up the session of the token and its user on every request, without a cache, and
 * rejects the request unless both are active.
 */
@Injectable()
export class SessionGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly lookup: SessionLookup,
    private readonly lastSeen: LastSeenRecorder,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // On a public route, `AuthGuard('jwt')` may have authenticated the user. `AccessCheck` then checks the session
    // again.
    if (isPublic(this.reflector, context) && !isAuthenticated(context)) return true;
    const request = requestOf(context);
    const { claims } = request;
    if (!claims) throw new Error('SessionGuard must run after JwtAuthGuard.');
    const session = await this.lookup.check(claims);
    if (session.isLastSeenStale) this.lastSeen.mark(session.id);
    setSession(request, claims, session);
    return true;
  }
}

/** Sets the user and the principal of a request. */
export function setSession(request: GuardedRequest, claims: AccessClaims, { user }: GuardedSession): void {
  request.user = user;
  // Not `...claims`, because V8 would create a hidden class for each object.
  const { userId, sessionId } = claims;
  request.principal = { userId, sessionId, role: user.role, client: clientOf(request) };
}

function isAuthenticated(context: ExecutionContext): boolean {
  return context.getType() === 'http' && requestOf(context).claims !== undefined;
}
