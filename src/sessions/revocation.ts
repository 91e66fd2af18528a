import type { Actor } from '../platform/audit/audit-event.js';

/** Why a session ended before its time. */
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
] as const;

export type RevocationReason = (typeof REVOCATION_REASONS)[number];

/** The cause of a revocation: why, and by claims. Nobody's, where the system itself decided. */
export interface Revocation {
  readonly reason: RevocationReason;
  readonly actor: Actor | null;
}
