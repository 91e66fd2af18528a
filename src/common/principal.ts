import type { Client } from './client.js';
import type { Role } from './role.js';

/** The user and session of a verified access token. The session may have been revoked since. */
export interface AccessClaims {
  readonly userId: string;
  readonly sessionId: string;
  /** How often the session was refreshed before this token was issued. Missing in tokens of earlier versions. */
  readonly generation?: number | undefined;
}

/** A sign-in on a device, or an API key. */
export const SESSION_KINDS = ['sign_in', 'key'] as const;

export type SessionKind = (typeof SESSION_KINDS)[number];

/** The session of a request as its row was read, for `AccessGuard`. */
export interface RequestSession {
  readonly kind: SessionKind;
  /** `null` without a limit. */
  readonly scopes: readonly string[] | null;
  /** JSON of `Authentications`, which only routes with a step-up parse. */
  readonly authentications: string;
  /** When the row was read, in seconds since 1970, by the database's clock. */
  readonly readAt: number;
  readonly user: { readonly id: string; readonly hasSecondFactor: boolean; readonly role: Role };
}

/** The signed-in user of a request: the claims of the token, confirmed by the session's row. */
export interface Principal extends AccessClaims {
  readonly role: Role;
  readonly kind: SessionKind;
  readonly client: Client;
}
