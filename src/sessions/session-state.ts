import type { AccessClaims, SessionKind } from '../common/principal.js';
import type { User } from '../users/user.entity.js';
import { ApiKeyExpiredError, ApiKeyInvalidError, ApiKeyRevokedError } from './api-key-access.errors.js';
import type { RevocationReason } from './revocation.js';
import {
  SessionExpiredError,
  SessionNotFoundError,
  SessionRevokedError,
  UserInactiveError,
} from './sessions.errors.js';

/** The errors of sign-ins and of API keys. */
const ERRORS = {
  sign_in: { missing: SessionNotFoundError, revoked: SessionRevokedError, expired: SessionExpiredError },
  key: { missing: ApiKeyInvalidError, revoked: ApiKeyRevokedError, expired: ApiKeyExpiredError },
} as const;

/** The state that decides whether a session may be used. The database's clock decides whether it has expired. */
export interface SessionState {
  readonly id: string;
  readonly user: User;
  readonly revokedReason: RevocationReason | null;
  readonly isExpired: boolean;
}

/** A session as the rotation of its refresh token reads it. */
export interface RefreshableSession extends SessionState {
  readonly userId: string;
  readonly refreshSalt: Buffer;
  readonly refreshCounter: number;
  /** Whether the last rotation is within the grace period. */
  readonly isInGrace: boolean;
  readonly isPairUsed: boolean;
  readonly idleExpiresAt: Date;
}

/**
 * Returns the session of these claims if it is usable.
 *
 * @throws SessionNotFoundError, or ApiKeyInvalidError for a key, and the errors of `assertUsable`
 */
export function usableSession<S extends SessionState>(session: S | null | undefined, claims: AccessClaims): S {
  const { kind = 'sign_in' } = claims;
  // Reject a token whose subject is not the user of the session.
  if (session?.user.id !== claims.userId) throw new ERRORS[kind].missing({ claims });
  assertUsable(session, kind);
  return session;
}

/**
 * Checks that a session may be used: its user is active, it is not revoked, and both timeouts lie in the future (ASVS
 * 7.3.1, 7.3.2, 7.4.1, 7.4.2). The guard and the rotation both call this.
 *
 * @throws UserInactiveError, SessionRevokedError, SessionExpiredError, or for a key ApiKeyRevokedError, ApiKeyExpiredError
 */
export function assertUsable(
  { id, user, revokedReason, isExpired }: SessionState,
  kind: SessionKind = 'sign_in',
): void {
  const claims = { userId: user.id, sessionId: id };
  if (!user.isActive) throw new UserInactiveError({ claims });
  if (revokedReason) throw new ERRORS[kind].revoked(revokedReason, claims);
  if (isExpired) throw new ERRORS[kind].expired({ claims });
}
