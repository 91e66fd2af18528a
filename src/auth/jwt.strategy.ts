import type { IncomingMessage } from 'node:http';
import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { Strategy, type VerifiedCallback } from 'passport-jwt';
import type { RateLimitState } from '../common/client.js';
import type { AccessClaims } from '../common/principal.js';
import { isId } from '../common/id.js';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { bearerToken, sendsBearerToken } from '../http/bearer-token.js';
import type { GuardedRequest } from '../http/guarded-request.js';
import { RateLimitHeaders } from '../http/request-client.decorator.js';
import { ApiKeyInvalidError } from '../sessions/api-key-access.errors.js';
import { TokenExpiredError, TokenInvalidError, TokenMissingError } from './auth.errors.js';
import { isApiKey } from './api-keys/api-key.token.js';
import { ApiKeyVerifier } from './api-keys/api-key.verifier.js';
import { KeyRing } from './tokens/key-ring.js';
import { VerifiedTokens } from './tokens/verified-tokens.js';

/** The callbacks that passport adds to a strategy for one request. */
interface Attempt {
  readonly success: (claims: AccessClaims) => void;
  readonly fail: (info: unknown) => void;
  readonly error: (error: unknown) => void;
}

/**
 * Verifies the signature, algorithm, issuer, audience, expiry and claims of an access token, and verifies API keys. Not
 * registered in passport's registry, because all application instances in a process share it and may use different keys.
 */
@Injectable()
export class JwtStrategy {
  private readonly strategy: Strategy;

  constructor(
    @InjectConfig() { accessToken }: Config,
    keys: KeyRing,
    private readonly verified: VerifiedTokens,
    private readonly apiKeys: ApiKeyVerifier,
  ) {
    this.strategy = new Strategy(
      {
        jwtFromRequest: bearerToken,
        passReqToCallback: true,
        secretOrKeyProvider: (_request, token: string, done) => {
          const key = keys.forToken(token);
          // The library throws if the payload is `null`.
          if (key && hasClaims(token)) done(null, key as never);
          else done(new TokenInvalidError());
        },
        algorithms: [...keys.algorithms],
        issuer: accessToken.issuer,
        audience: accessToken.audience,
      },
      (request: Request, payload: Readonly<Record<string, unknown>>, done: VerifiedCallback) =>
        done(null, this.toClaims(request, payload) ?? false),
    );
  }

  /** Returns the claims of the access token of a request if it was verified before. */
  findVerified(request: IncomingMessage): AccessClaims | undefined {
    const token = bearerToken(request);
    return token === null ? undefined : this.verified.find(token);
  }

  /**
   * Returns the claims of the access token or API key of a request.
   *
   * @throws TokenMissingError, TokenInvalidError, TokenExpiredError, ApiKeyInvalidError, TooManyRequestsError
   */
  async verify(request: GuardedRequest): Promise<AccessClaims> {
    const token = bearerToken(request);
    if (token === null || !isApiKey(token)) return this.verifyJwt(request);
    const claims = this.apiKeys.verify(token);
    // The guards run twice on an upload.
    if (!request.claims) this.apiKeys.spend(claims, (state) => reportLimit(request, state));
    return claims;
  }

  private verifyJwt(request: Request): Promise<AccessClaims> {
    return new Promise((resolve, reject) => {
      const attempt: Attempt = {
        success: resolve,
        fail: (info) => reject(tokenError(request, info)),
        // An outage must not look like an invalid token.
        error: reject,
      };
      const strategy = Object.create(this.strategy) as Strategy;
      Object.assign(strategy, attempt).authenticate(request);
    });
  }

  /**
   * Returns the claims of a token that is not the bearer token of the request. Does not count towards the limit of an API
   * key. Otherwise a thief who exhausts that limit could stop a revocation.
   *
   * @throws TokenInvalidError, TokenExpiredError, ApiKeyInvalidError
   */
  async verifyToken(token: string): Promise<AccessClaims> {
    if (isApiKey(token)) return this.apiKeys.verify(token);
    const authorization = `Bearer ${token}`;
    const request = { headers: { authorization }, rawHeaders: ['authorization', authorization] } as unknown as Request;
    // A header may have spaces around its token.
    if (bearerToken(request) !== token) throw new TokenInvalidError();
    return this.findVerified(request) ?? this.verifyJwt(request);
  }

  /**
   * Returns the claims that the application uses, or `undefined` if some are missing or malformed. The library accepts
   * tokens without an expiry. Malformed claims must never reach a query (RFC 8725 §3.11).
   */
  private toClaims(request: IncomingMessage, payload: Readonly<Record<string, unknown>>): AccessClaims | undefined {
    const { sub, sid, gen, jti, iat, exp } = payload;
    if (!isId(sub) || !isId(sid) || typeof jti !== 'string' || !isTime(iat) || !isTime(exp)) return undefined;
    if (gen !== undefined && !isCounter(gen)) return undefined;
    const claims = { userId: sub, sessionId: sid, generation: gen };
    this.verified.add(bearerToken(request) ?? '', claims, exp * 1_000);
    return claims;
  }
}

function reportLimit({ res: response }: Request, state: RateLimitState): void {
  if (response) new RateLimitHeaders(response).onStates([state]);
}

function tokenError(request: IncomingMessage, info: unknown): Error {
  if (!sendsBearerToken(request)) return new TokenMissingError();
  // A key with a line break is no bearer token, and one in upper case is no key. The error must still name the key.
  if (/^Bearer\s+ghk/i.test(request.headers.authorization ?? '')) return new ApiKeyInvalidError();
  return info instanceof Error && info.name === 'TokenExpiredError' ? new TokenExpiredError() : new TokenInvalidError();
}

/** Returns whether a value can be the counter of a session, an `integer` in PostgreSQL. */
function isCounter(value: unknown): value is number {
  return typeof value === 'number' && value >= 0 && (value | 0) === value;
}

/** Returns whether the payload of a token starts like a JSON object. */
function hasClaims(token: string): boolean {
  return Buffer.from(token.split('.', 2)[1] ?? '', 'base64url').toString('latin1', 0, 1) === '{';
}

/** Returns whether a value is a time in whole seconds since 1970. */
function isTime(value: unknown): value is number {
  return Number.isSafeInteger(value);
}
