import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { clientOf } from '../http/client.js';
import type { PendingResponse } from '../common/client.js';
import { OverloadedError } from '../common/domain.error.js';
import type { AccessClaims } from '../common/principal.js';
import { handshakeOf, requestOf, type GuardedRequest } from '../http/guarded-request.js';
import { publicOptions } from '../http/public.decorator.js';
import { limitMessages } from '../http/streams/message-limits.js';
import { Database } from '../platform/database/database.js';
import { RejectionDelay } from '../platform/rate-limits/rejection-delay.js';
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
    private readonly database: Database,
    private readonly lookup: SessionLookup,
    private readonly lastSeen: LastSeenRecorder,
    private readonly delay: RejectionDelay,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    // On a public route, `JwtAuthGuard` may have verified the token of an optional user. `AuthGuard('jwt')` may have
    // authenticated the user of a late body or of earlier messages. Their session is then checked again.
    const claims = authenticatedIn(context);
    if (!claims) return this.admitStranger(context);
    const session = await this.check(claims, context);
    this.lastSeen.markUse(session, claims);
    setSession(requestOf(context), claims, session);
    return true;
  }

  /** Admits an unauthenticated request to a public route, unless too many requests wait for the database. */
  private async admitStranger(context: ExecutionContext): Promise<true> {
    const options = publicOptions(this.reflector, context);
    if (!options) throw new Error('SessionGuard must run after JwtAuthGuard.');
    if (options.evenIfBusy || !this.database.isBusy) return true;
    if (context.getType() === 'http') await this.delay.wait(context.getArgByIndex<PendingResponse>(1));
    throw new OverloadedError();
  }

  private check(claims: AccessClaims, context: ExecutionContext): Promise<GuardedSession> {
    if (context.getType() !== 'ws') return this.lookup.check(claims);
    return limitMessages(context.getArgByIndex<object>(0), () => this.lookup.check(claims));
  }
}

/** Sets the user and the principal of a request. */
export function setSession(request: GuardedRequest, claims: AccessClaims, session: GuardedSession): void {
  const { user, key } = session;
  request.user = user;
  request.session = session;
  // Not `...claims`, because V8 would create a hidden class for each object.
  const { userId, sessionId } = claims;
  request.principal = { userId, sessionId, role: user.role, kind: key ? 'key' : 'sign_in', client: clientOf(request) };
}

function authenticatedIn(context: ExecutionContext): AccessClaims | undefined {
  const type = context.getType();
  if (type === 'http') return requestOf(context).claims;
  if (type !== 'ws') return undefined;
  // A public gateway with its own port has no handshake.
  const handshake = handshakeOf(context.getArgByIndex<object>(0));
  return handshake?.claims ?? handshake?.principal;
}
