import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { clientOf } from '../http/client.js';
import { requestOf } from '../http/guarded-request.js';
import { isPublic } from '../http/public.decorator.js';
import { LastSeenRecorder } from './last-seen.recorder.js';
import { SessionLookup } from './session.lookup.js';

/**
 * The second global guard. Looks up the session of the token and its user on every request, without a cache, and rejects
 * the request unless both are active.
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
    const request = requestOf(context);
    const { claims } = request;
    if (!claims) throw new Error('SessionGuard must run after JwtAuthGuard.');
    const session = await this.lookup.check(claims);
    if (session.isLastSeenStale) this.lastSeen.mark(session.id);
    request.user = session.user;
    // Not `...claims`, because V8 would create a hidden class for each object.
    const { userId, sessionId } = claims;
    request.principal = { userId, sessionId, role: session.user.role, client: clientOf(request) };
    return true;
  }
}
