import type { IncomingMessage } from 'node:http';
import { Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import passport from 'passport';
import { Strategy } from 'passport-jwt';
import type { AccessClaims } from '../common/principal.js';
import { isId, newId } from '../common/id.js';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { bearerToken } from '../http/bearer-token.js';
import { TokenInvalidError } from './auth.errors.js';
import { KeyRing } from './tokens/key-ring.js';
import { VerifiedTokens } from './tokens/verified-tokens.js';

/** Verifies the signature, algorithm, issuer, audience, expiry and claims of an access token. */
@Injectable()
export class JwtStrategy extends PassportStrategy(Strategy, 'jwt') implements OnApplicationShutdown {
  /** Unique, because passport registers strategies per process, and another application instance may use other keys. */
  override readonly name = `jwt ${newId()}`;

  constructor(
    @InjectConfig() { accessToken }: Config,
    keys: KeyRing,
    private readonly verified: VerifiedTokens,
  ) {
    super({
      jwtFromRequest: bearerToken,
      passReqToCallback: true,
      secretOrKeyProvider: (_request, token: string, done) => {
        const key = keys.forToken(token);
        if (key) done(null, key as never);
        else done(new TokenInvalidError());
      },
      algorithms: [...keys.algorithms],
      issuer: accessToken.issuer,
      audience: accessToken.audience,
    });
    passport.use(this);
  }

  /** Unregisters the strategy after the last response, because running requests need it. */
  onApplicationShutdown(): void {
    passport.unuse(this.name);
  }

  /**
   * Returns the claims that the application uses. Checks those that the library does not: it accepts tokens without an
   * expiry. Malformed claims must never reach a query (RFC 8725 §3.11).
   *
   * @throws TokenInvalidError
   */
  validate(request: IncomingMessage, payload: Readonly<Record<string, unknown>>): AccessClaims {
    const { sub, sid, jti, iat, exp } = payload;
    if (!isId(sub) || !isId(sid) || typeof jti !== 'string') throw new TokenInvalidError();
    if (!isTime(iat) || !isTime(exp)) throw new TokenInvalidError();
    const claims = { userId: sub, sessionId: sid };
    this.verified.add(bearerToken(request) ?? '', claims, exp * 1_000);
    return claims;
  }
}

/** Returns whether a value is a time in whole seconds since 1970. */
function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
