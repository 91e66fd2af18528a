import type { Client } from '../../common/client.js';

/** What can happen to an account. */
export const AUDIT_TYPES = [
  'user_created',
  'user_updated',
  'user_deleted',
  'sign_in',
  'password_confirmation',
  'token_refresh',
  'session_revoked',
  'sessions_revoked',
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

export const AUDIT_OUTCOMES = ['success', 'failure'] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

type Fact = string | number | boolean | null;

/** Further facts, such as the role before and after. Never a secret, a token, a hash, a password or an address typed. */
export type AuditDetails = Readonly<Record<string, Fact | { readonly from: Fact; readonly to: Fact }>>;

/** Who does something: a signed-in person (any `Principal`), or somebody of claims only the place is known. */
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
  /** Which session of that account it concerns; by default the actor's, where people act on their own account. */
  readonly sessionId?: string | null;
  /** What the device calls itself, where it says so: at sign-in. */
  readonly deviceName?: string | null | undefined;
  /** Null for the system itself, and for commands. */
  readonly actor: Actor | null;
  readonly details?: AuditDetails;
}
