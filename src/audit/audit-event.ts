import type { Client } from '../common/client.js';

/** What can happen to an account. */
export const AUDIT_TYPES = [
  'user_created',
  'user_updated',
  'user_deleted',
  'sign_in',
  'token_refresh',
  'session_revoked',
  'session_expiry_changed',
  'password_changed',
  'password_reset_requested',
  'password_reset',
  'email_verification_requested',
  'email_verified',
  'not_me_reported',
  'access_denied',
  'rate_limited',
] as const;

export type AuditType = (typeof AUDIT_TYPES)[number];
export type AuditOutcome = 'success' | 'failure';

/** Further facts, such as the role before and after. Never a secret, a token, a hash or a password. */
export type AuditDetails = Readonly<Record<string, string | number | boolean | null>>;

/** Who did something: a signed-in person, or somebody of whom only the place is known. */
export interface Actor {
  readonly userId?: string;
  readonly sessionId?: string;
  readonly client: Client;
}

/** Something that happened, as whoever did it tells it. */
export interface AuditEntry {
  readonly type: AuditType;
  /** `success` unless it is said otherwise. */
  readonly outcome?: AuditOutcome;
  /** Why, as a stable machine word: the problem code of a failure, the reason of a revocation. */
  readonly reason?: string;
  /** Whose account it concerns, where there is one. */
  readonly userId?: string | null;
  /** Which session it concerns; by default the actor's. */
  readonly sessionId?: string | null;
  /** Null for the system itself, and for commands. */
  readonly actor: Actor | null;
  readonly details?: AuditDetails;
}
