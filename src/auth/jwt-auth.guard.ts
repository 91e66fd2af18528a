import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { AuthGuard } from '@nestjs/passport';
import { isPublic } from '../http/public.decorator.js';
import { TokenExpiredError, TokenInvalidError, TokenMissingError } from './auth.errors.js';
import { bearerToken, sendsBearerToken } from '../http/bearer-token.js';
import { requestOf, type GuardedRequest } from '../http/guarded-request.js';
import { JwtStrategy } from './jwt.strategy.js';
import { VerifiedTokens } from './tokens/verified-tokens.js';

/**
 * The first global guard. Verifies the access token without a database query. `SessionGuard` then checks the session.
 */
@Injectable()
export class JwtAuthGuard extends AuthGuard() implements CanActivate {
  constructor(
    private readonly reflector: Reflector,
    strategy: JwtStrategy,
    private readonly verified: VerifiedTokens,
  ) {
    super({ defaultStrategy: strategy.name });
  }

  override async canActivate(context: ExecutionContext): Promise<boolean> {
    if (isPublic(this.reflector, context)) return true;
    const request = requestOf(context);
    if (context.getType() === 'ws') return hasClaims(request);
    const token = bearerToken(request);
    const claims = token === null ? undefined : this.verified.find(token);
    if (!claims) return (await super.canActivate(context)) as boolean;
    request.claims = claims;
    return true;
  }

  /** Makes passport set `request.claims`. There is no user before `SessionGuard`. */
  override getAuthenticateOptions(): { property: string } {
    return { property: 'claims' };
  }

  /** Maps the result of passport to our errors. Rethrows any other error, which must not look like a missing sign-in. */
  override handleRequest<Claims>(
    error: unknown,
    claims: Claims | false,
    info: unknown,
    context: ExecutionContext,
  ): Claims {
    if (error) throw error as Error;
    if (claims) return claims;
    if (!sendsBearerToken(requestOf(context))) throw new TokenMissingError();
    throw info instanceof Error && info.name === 'TokenExpiredError'
      ? new TokenExpiredError()
      : new TokenInvalidError();
  }
}

/** The handshake of a WebSocket was authenticated. Its token may have expired since, so only the session decides. */
function hasClaims({ claims }: GuardedRequest): boolean {
  if (!claims) throw new TokenMissingError();
  return true;
}
