import { domainError } from '../../common/domain.error.js';

/** The token is malformed, unknown, expired, used, replaced, or has another purpose. The response does not say which. */
export class TokenUsedOrExpiredError extends domainError(
  'unprocessable',
  'token_used_or_expired',
  'This link no longer works. Request a new one.',
) {}
