import { domainError } from '../../common/domain.error.js';

/** The user has `MAX_KEYS_PER_USER` active keys. */
export class KeyLimitReachedError extends domainError(
  'conflict',
  'key_limit_reached',
  'You have too many API keys. Revoke one first.',
) {}

/** The caller has no API key with this ID. Keys of other users give the same error. */
export class KeyNotFoundError extends domainError('not_found', 'key_not_found', 'No such API key.') {}
