import { domainError } from '../../common/domain.error.js';
import type { AccessClaims } from '../../common/principal.js';

/** A rate limit is exhausted. The request had no effect. */
export class TooManyRequestsError extends domainError(
  'rate_limited',
  'too_many_requests',
  'Too many attempts. Try again later.',
) {
  /** @param retryAfter seconds until the window of the limit ends @param claims of the API key whose limit it is */
  constructor(retryAfter = 1, claims?: AccessClaims) {
    super({ retryAfter, claims });
  }
}
