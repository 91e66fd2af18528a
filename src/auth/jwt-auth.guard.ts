import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { sendsBearerToken } from '../http/bearer-token.js';
import { countHeader } from '../http/header-count.js';
import { requestOf, type GuardedRequest } from '../http/guarded-request.js';
import { takesOptionalUser } from '../http/optional-user.js';
import { isPublic } from '../http/public.decorator.js';
import { TokenMissingError } from './auth.errors.js';
import { JwtStrategy } from './jwt.strategy.js';

/**
 * The first global guard. Verifies the access token without a database query. `SessionGuard` then checks the session. On
 * a public route that takes the current user, verifies the token of a request that has one.
 */
@Injectable()
export class JwtAuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly strategy: JwtStrategy,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    const type = context.getType();
    const isOptional = isPublic(this.reflector, context);
    if (isOptional && (type !== 'http' || !takesOptionalUser(this.reflector, context))) return true;
    const request = requestOf(context);
    if (type === 'ws') return hasClaims(request);
    if (isOptional && !sendsBearerToken(request) && countHeader(request, 'authorization') <= 1) return true;
    const claims = this.strategy.findVerified(request);
    // Most tokens were verified before, so the usual path creates no promise.
    if (!claims) return this.verify(request);
    request.claims = claims;
    return true;
  }

  private async verify(request: GuardedRequest): Promise<true> {
    request.claims = await this.strategy.verify(request);
    return true;
  }
}

/** Accepts the token of a WebSocket handshake even if it has expired since. `SessionGuard` checks the session. */
function hasClaims({ claims }: GuardedRequest): boolean {
  if (!claims) throw new TokenMissingError();
  return true;
}
