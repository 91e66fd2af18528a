import { domainError } from '../../common/domain.error.js';

/** A form field is missing, repeated or not text (RFC 6749 §5.2 `invalid_request`). */
export class InvalidTokenRequestError extends domainError('invalid', 'bad_request', 'The form is not valid.') {}

/** The grant type is not supported (RFC 6749 §5.2 `unsupported_grant_type`). */
export class UnsupportedGrantTypeError extends domainError(
  'invalid',
  'bad_request',
  'The supported grant types are password and refresh_token.',
) {}
