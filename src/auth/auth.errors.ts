import { DomainError } from '../common/domain.error.js';

/** The request carries no bearer token. */
export class TokenMissingError extends DomainError {
  readonly code = 'token_missing';
  readonly kind = 'unauthenticated';

  constructor() {
    super('This needs an access token, as a bearer token in the Authorization header.');
  }
}

/** The token is malformed, or its signature, algorithm, issuer, audience, type or claims are not ours. */
export class TokenInvalidError extends DomainError {
  readonly code = 'token_invalid';
  readonly kind = 'unauthenticated';

  constructor() {
    super('The access token is not valid.');
  }
}

export class TokenExpiredError extends DomainError {
  readonly code = 'token_expired';
  readonly kind = 'unauthenticated';

  constructor() {
    super('The access token has expired. Get a new one with the refresh token.');
  }
}
