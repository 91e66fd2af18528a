import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import type { GuardedRequest } from '../http/auth.decorator.js';
import { clientOf } from '../http/client.js';
import { isPublic } from '../http/public.decorator.js';
import type { RequestWithUser } from '../users/current-user.decorator.js';
import { LastSeenRecorder } from './last-seen.recorder.js';
import { SessionLookup } from './session.lookup.js';
import { assertUsable } from './session-state.js';
import { SessionNotFoundError } from './sessions.errors.js';

/**
 * Second of the global guards: asks whether whoever the token names is still allowed. One gathered lookup of
 * the session and its user, on every request, with nothing remembered from the one before.
 */
@Injectable()
export class SessionGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly lookup: SessionLookup,
    private readonly lastSeen: LastSeenRecorder,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (isPublic(this.reflector, context)) return true;
    const request = context.switchToHttp().getRequest<GuardedRequest & RequestWithUser>();
    const { claims } = request;
    if (!claims) throw new Error('SessionGuard needs JwtAuthGuard before it.');
    const session = await this.lookup.find(claims.sessionId);
    // A token whose subject is not the session's user was put together by someone.
    if (session?.user.id !== claims.userId) throw new SessionNotFoundError({ claims });
    assertUsable(session);
    if (session.isSeenDue) this.lastSeen.mark(session.id);
    request.currentUser = session.user;
    // Not `...claims`: V8 would make a new shape for each.
    const { userId, sessionId } = claims;
    request.principal = { userId, sessionId, role: session.user.role, client: clientOf(request) };
    return true;
  }
}
