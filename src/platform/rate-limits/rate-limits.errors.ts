import { DomainError } from '../../common/domain.error.js';

/** A limit is used up. What was asked for was not done. */
export class TooManyRequestsError extends DomainError {
  readonly code = 'too_many_requests';
  readonly kind = 'rate_limited';

  /** @param retryAfter seconds until the limit's window ends */
  constructor(override readonly retryAfter = 1) {
    super('That was too often. Try again later.');
  }
}
