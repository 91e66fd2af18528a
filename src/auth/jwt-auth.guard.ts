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

  async canActivate(context: ExecutionContext): Promise<boolean> {
    if (isPublic(this.reflector, context)) return true;
    const request = requestOf(context);
    if (context.getType() === 'ws') return hasClaims(request);
    request.claims = this.strategy.findVerified(request) ?? (await this.strategy.verify(request));
    return true;
  }
}

/** Accepts the token of a WebSocket handshake even if it has expired since. `SessionGuard` checks the session. */
function hasClaims({ claims }: GuardedRequest): boolean {
  if (!claims) throw new TokenMissingError();
  return true;
}
