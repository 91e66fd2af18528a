import { DomainError } from '../common/domain.error.js';
import type { AccessClaims } from '../common/principal.js';
import type { RevocationReason } from './revocation.js';

/** The token is genuine, but its session is gone, with its user or by pruning; or it is another user's. */
export class SessionNotFoundError extends DomainError {
  readonly code = 'session_not_found';
  readonly kind = 'unauthenticated';

  constructor(override readonly whom: AccessClaims | null = null) {
    super('The session of this token does not exist any more.');
  }
}

export class SessionRevokedError extends DomainError {
  readonly code = 'session_revoked';
  readonly kind = 'unauthenticated';
  override readonly extensions: { readonly reason: RevocationReason };

  constructor(
    reason: RevocationReason = 'logout',
    override readonly whom: AccessClaims | null = null,
  ) {
    super('This session was ended. Sign in again.');
    this.extensions = { reason };
  }
}

/** The session was idle for too long, or reached its absolute limit. */
export class SessionExpiredError extends DomainError {
  readonly code = 'session_expired';
  readonly kind = 'unauthenticated';

  constructor(override readonly whom: AccessClaims | null = null) {
    super('This session has expired. Sign in again.');
  }
}

export class UserInactiveError extends DomainError {
  readonly code = 'user_inactive';
  readonly kind = 'unauthenticated';

  constructor(override readonly whom: AccessClaims | null = null) {
    super('This account is not active.');
  }
}

/** The user has as many active sessions as are allowed, and the policy is to refuse one more. */
export class SessionLimitReachedError extends DomainError {
  readonly code = 'session_limit_reached';
  readonly kind = 'conflict';

  constructor() {
    super('You are signed in on too many devices. Sign out on one of them first.');
  }
}

/** The refresh token is malformed, forged, or of a session that is gone. Nothing was revoked. */
export class RefreshTokenInvalidError extends DomainError {
  readonly code = 'refresh_token_invalid';
  readonly kind = 'unauthenticated';

  constructor() {
    super('The refresh token is not valid.');
  }
}

/** The refresh token was used before: someone has a copy. Its session is revoked (RFC 9700 §4.14.2). */
export class RefreshTokenReusedError extends DomainError {
  readonly code = 'refresh_token_reused';
  readonly kind = 'unauthenticated';

  constructor() {
    super('The refresh token was used before, so its session was ended. Sign in again.');
  }
}

/** No session with this id belongs to whoever asks; whether it belongs to someone else is not said. */
export class UnknownSessionError extends DomainError {
  readonly code = 'not_found';
  readonly kind = 'not_found';

  constructor() {
    super('There is no such session.');
  }
}
