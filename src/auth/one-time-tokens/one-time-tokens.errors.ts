import { DomainError } from '../../common/domain.error.js';

/** The token is malformed, unknown, of another kind, used, replaced or expired. Which of these is not said. */
export class TokenUsedOrExpiredError extends DomainError {
  readonly code = 'token_used_or_expired';
  readonly kind = 'unprocessable';

  constructor() {
    super('This link does not work any more. Ask for a new one.');
  }
}
