import { DomainError } from '../../common/domain.error.js';

/** The form lacks a field, has one twice, or one that is no text (RFC 6749 §5.2 `invalid_request`). */
export class InvalidTokenRequestError extends DomainError {
  readonly code = 'bad_request';
  readonly kind = 'invalid';
}

/** The grant type is none that Gatehouse knows (RFC 6749 §5.2 `unsupported_grant_type`). */
export class UnsupportedGrantTypeError extends DomainError {
  readonly code = 'bad_request';
  readonly kind = 'invalid';

  constructor() {
    super('The grant types are password and refresh_token.');
  }
}
