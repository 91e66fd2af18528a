import { domainError } from '../common/domain.error.js';

export class TokenMissingError extends domainError(
  'unauthenticated',
  'token_missing',
  'Send an access token as a bearer token in the Authorization header.',
) {}

/** The token is malformed, or has the wrong signature, algorithm, issuer, audience, type or claims. */
export class TokenInvalidError extends domainError(
  'unauthenticated',
  'token_invalid',
  'The access token is not valid. Sign in again.',
) {}

export class TokenExpiredError extends domainError(
  'unauthenticated',
  'token_expired',
  'The access token has expired. Use the refresh token to get a new one.',
) {}

/** The request has neither a body nor the refresh cookie. Browsers can block cookies. */
export class RefreshTokenMissingError extends domainError(
  'unauthenticated',
  'refresh_token_missing',
  'Send a refresh token in the body, or the cookie of a sign-in.',
) {}
