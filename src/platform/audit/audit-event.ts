import type { Client } from '../../common/client.js';

/** The types that Gatehouse records itself. */
const OWN_TYPES = [
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

declare const defined: unique symbol;

/** A type that a module records. */
export type ModuleAuditType = string & { readonly [defined]: true };

export type AuditType = (typeof OWN_TYPES)[number] | ModuleAuditType;

const types: AuditType[] = [...OWN_TYPES].sort();

/** All types. Do not copy this list, because it grows while modules are imported. */
export const AUDIT_TYPES: readonly AuditType[] = types;

/**
 * Defines an audit type of a module and adds it to the filters and the OpenAPI document.
 *
 * ```ts
 * export const ORDER_REFUNDED = defineAuditType('order_refunded');
 * ```
 */
export function defineAuditType(type: string): ModuleAuditType {
  if (!/^[a-z][a-z0-9_]*$/.test(type))
    throw new Error(`Write the audit type "${type}" in snake_case, such as order_refunded.`);
  if (AUDIT_TYPES.some((other) => other === type)) throw new Error(`The audit type ${type} is defined twice.`);
  types.push(type as ModuleAuditType);
  // The order of imports must not change the API document.
  types.sort();
  return type as ModuleAuditType;
}

export const AUDIT_OUTCOMES = ['success', 'failure'] as const;
export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

type Scalar = string | number | boolean | null;

/**
 * Additional facts, such as the old and the new role. Never include secrets, tokens, hashes or typed email addresses.
 */
export type AuditDetails = Readonly<Record<string, Scalar | { readonly from: Scalar; readonly to: Scalar }>>;

/** Who acts: a signed-in user (any `Principal`), or an unauthenticated client without IDs. */
export interface Actor {
  readonly userId?: string;
  readonly sessionId?: string;
  readonly client: Client;
}

/** An event to record. */
export interface AuditEntry {
  readonly type: AuditType;
  /** `success` by default. */
  readonly outcome?: AuditOutcome;
  /** The problem code of a failure, or the reason of a revocation. */
  readonly reason?: string;
  /** The account that the event is about, if there is one. */
  readonly userId?: string | null;
  /** The session that the event is about. By default the actor's session, if users act on their own account. */
  readonly sessionId?: string | null;
  /** The name that the device has given itself at sign-in. */
  readonly deviceName?: string | null | undefined;
  /** `null` for the system and for commands. */
  readonly actor: Actor | null;
  readonly details?: AuditDetails;
}
