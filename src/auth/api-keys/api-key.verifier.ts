import { Injectable } from '@nestjs/common';
import type { RateLimitPolicy, RateLimitState } from '../../common/client.js';
import type { AccessClaims } from '../../common/principal.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { MemoryCounter } from '../../platform/rate-limits/memory-counter.js';
import { TooManyRequestsError } from '../../platform/rate-limits/rate-limits.errors.js';
import { limitRejections } from '../../platform/rate-limits/rate-limits.metrics.js';
import { ApiKeyInvalidError } from '../../sessions/api-key-access.errors.js';
import { VerifiedTokens } from '../tokens/verified-tokens.js';
import { ApiKeyTokens } from './api-key.token.js';

const CACHE_MS = 3_600_000;

/** Verifies API keys and limits their requests, without the database. Forged keys are neither cached nor counted. */
@Injectable()
export class ApiKeyVerifier {
  /** Separate from the cache of access tokens, so that neither evicts entries of the other. */
  private readonly verified = new VerifiedTokens();
  private readonly counter = new MemoryCounter();
  private readonly policy: RateLimitPolicy | undefined;

  constructor(
    @InjectConfig() { rateLimits }: Config,
    private readonly tokens: ApiKeyTokens,
  ) {
    const { points, window } = rateLimits.key;
    if (rateLimits.enabled) this.policy = { name: 'key', points, windowSeconds: window };
  }

  /** Returns the claims of an API key. @throws ApiKeyInvalidError */
  verify(key: string): AccessClaims {
    const known = this.verified.find(key);
    if (known) return known;
    const claims = this.tokens.verify(key);
    if (!claims) throw new ApiKeyInvalidError();
    this.verified.add(key, claims, Date.now() + CACHE_MS);
    return claims;
  }

  /**
   * Counts a request of an API key. Each process counts separately, because a shared counter would cost more than the
   * request.
   *
   * @param report gets the state of the limit
   * @throws TooManyRequestsError
   */
  spend(claims: AccessClaims, report: (state: RateLimitState) => void): void {
    const { policy } = this;
    if (!policy) return;
    const { consumed, msLeft } = this.counter.consume(policy, claims.sessionId);
    const resetSeconds = Math.max(Math.ceil(msLeft / 1_000), 1);
    report({ policy, remaining: Math.max(policy.points - consumed, 0), resetSeconds });
    if (consumed <= policy.points) return;
    limitRejections.add({ limit: policy.name });
    throw new TooManyRequestsError(resetSeconds, claims);
  }
}
