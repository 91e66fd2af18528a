import type { SessionKind } from '../common/principal.js';

/** Conditions that a session must all meet. Missing conditions match every session. */
export interface SessionFilter {
  readonly id?: string | undefined;
  readonly userId?: string | undefined;
  readonly kind?: SessionKind | undefined;
  readonly isActive?: boolean | undefined;
  readonly ipAddress?: string | undefined;
  readonly createdBefore?: Date | undefined;
}

/** Conditions for sessions to revoke. `isActive` excludes expired ones. */
export interface RevocationFilter extends Omit<SessionFilter, 'isActive'> {
  readonly ids?: readonly string[] | undefined;
  readonly exceptId?: string | undefined;
  readonly isActive?: true | undefined;
}
