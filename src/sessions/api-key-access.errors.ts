import { domainError } from '../common/domain.error.js';
import type { AccessClaims } from '../common/principal.js';
import type { RevocationReason } from './revocation.js';

/** The API key is malformed, truncated or forged, or its session was deleted. The response does not say which. */
export class ApiKeyInvalidError extends domainError(
  'unauthenticated',
  'key_invalid',
  'The API key is not valid. Check that it is complete, or create a new one.',
) {}

/** The key is genuine, but it was revoked. */
export class ApiKeyRevokedError extends domainError(
  'unauthenticated',
  'key_revoked',
  'This API key was revoked. Create a new one.',
) {
  constructor(reason: RevocationReason = 'key_revoked', claims?: AccessClaims) {
    super({ extensions: { reason }, claims });
  }
}

/** The key is genuine, but it has expired. */
export class ApiKeyExpiredError extends domainError(
  'unauthenticated',
  'key_expired',
  'This API key has expired. Create a new one.',
) {}
