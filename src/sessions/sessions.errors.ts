import { domainError } from '../common/domain.error.js';
import type { AccessClaims } from '../common/principal.js';
import type { RevocationReason } from './revocation.js';

/** The token is genuine, but its session was deleted or belongs to another user. */
export class SessionNotFoundError extends domainError(
  'unauthenticated',
  'session_not_found',
  'The session of this token no longer exists. Sign in again.',
) {}

export class SessionRevokedError extends domainError(
  'unauthenticated',
  'session_revoked',
  'This session was revoked. Sign in again.',
) {
  constructor(reason: RevocationReason = 'logout', claims?: AccessClaims) {
    super({ extensions: { reason }, claims });
  }
}

/** The session passed its idle or absolute timeout. */
export class SessionExpiredError extends domainError(
  'unauthenticated',
  'session_expired',
  'This session has expired. Sign in again.',
) {}

export class UserInactiveError extends domainError('unauthenticated', 'user_inactive', 'This account is not active.') {}

/** The user has the maximum number of active sessions, and the limit policy rejects further ones. */
export class SessionLimitReachedError extends domainError(
  'conflict',
  'session_limit_reached',
  'You are signed in on too many devices. Sign out on one of them first.',
) {}

/** The refresh token is malformed, forged, or belongs to a deleted session. No session was revoked. */
export class RefreshTokenInvalidError extends domainError(
  'unauthenticated',
  'refresh_token_invalid',
  'The refresh token is not valid. Sign in again.',
) {}

/** The refresh token was used before, so it may be stolen. Its session was revoked (RFC 9700 §4.14.2). */
export class RefreshTokenReusedError extends domainError(
  'unauthenticated',
  'refresh_token_reused',
  'The refresh token was already used, so its session was revoked. Sign in again.',
) {}

/**
 * The caller has no session with this ID. Sessions of other users give the same error. The code is not
 * `session_not_found`, because that means that the session of the access token is missing.
 */
export class UnknownSessionError extends domainError('not_found', 'not_found', 'No such session.') {}
