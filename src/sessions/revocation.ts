import type { Actor } from '../platform/audit/audit-event.js';

/** The reasons for revoking a session. */
export const REVOCATION_REASONS = [
  'logout',
  'logout_others',
  'logout_all',
  'admin',
  'password_changed',
  'password_reset',
  'refresh_reuse',
  'session_limit',
  'user_deactivated',
  'key_revoked',
  'factors_reset',
] as const;

export type RevocationReason = (typeof REVOCATION_REASONS)[number];

export interface Revocation {
  readonly reason: RevocationReason;
  /** `null` if the system revokes the session. */
  readonly actor: Actor | null;
}
