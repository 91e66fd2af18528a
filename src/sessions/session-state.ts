import type { AccessClaims } from '../common/principal.js';
import type { User } from '../users/user.entity.js';
import type { RevocationReason } from './revocation.js';
import { SessionExpiredError, SessionRevokedError, UserInactiveError } from './sessions.errors.js';

/** A session as the guards see it: whether it still counts, and whose it is. Judged by the database's clock. */
export interface SessionState {
  readonly id: string;
  readonly user: User;
  readonly revokedReason: RevocationReason | null;
  readonly isExpired: boolean;
}

/**
 * The one judgement over a session, for access and refresh alike: it may be used only while its user is active,
 * nobody revoked it, and neither limit has passed (ASVS 7.3.1, 7.3.2, 7.4.1, 7.4.2).
 *
 * @throws UserInactiveError
 * @throws SessionRevokedError
 * @throws SessionExpiredError
 */
export function assertUsable(session: SessionState): void {
  if (!session.user.isActive) throw new UserInactiveError({ claims: claimsOf(session) });
  if (session.revokedReason) throw new SessionRevokedError(session.revokedReason, claimsOf(session));
  if (session.isExpired) throw new SessionExpiredError({ claims: claimsOf(session) });
}

function claimsOf({ id, user }: SessionState): AccessClaims {
  return { userId: user.id, sessionId: id };
}
