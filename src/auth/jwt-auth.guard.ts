import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { requestOf, type GuardedRequest } from '../http/guarded-request.js';
import { isPublic } from '../http/public.decorator.js';
import { TokenMissingError } from './auth.errors.js';
import { JwtStrategy } from './jwt.strategy.js';

/**
 * The first global guard. Verifies the access token without a database query. `SessionGuard` then checks the session.
 */
@Injectable()
export class JwtAuthGuard implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    private readonly strategy: JwtStrategy,
  ) {}

  canActivate(context: ExecutionContext): boolean | Promise<boolean> {
    if (isPublic(this.reflector, context)) return true;
    const request = requestOf(context);
    if (context.getType() === 'ws') return hasClaims(request);
    const claims = this.strategy.findVerified(request);
    // Without a promise, because most tokens were verified before.
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
