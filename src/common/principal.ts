import type { Client } from './client.js';
import type { Role } from './role.js';

/** A sign-in on a device, or an API key. */
export const SESSION_KINDS = ['sign_in', 'key'] as const;

export type SessionKind = (typeof SESSION_KINDS)[number];

/** The user and session of a verified access token. The session may have been revoked since. */
export interface AccessClaims {
  readonly userId: string;
  readonly sessionId: string;
  /** How often the session was refreshed before this token was issued. Missing in tokens of earlier versions. */
  readonly generation?: number | undefined;
  /** Missing in the claims of a JWT. */
  readonly kind?: SessionKind;
}

/** What an API key may do, and until when. */
export interface KeyLimits {
  /** `null` without a limit. */
  readonly scopes: readonly string[] | null;
  /** In seconds since 1970. */
  readonly expiresAt: number;
}

/** The session of a request as its row was read, for `AccessGuard`. */
export interface RequestSession {
  /** The limits of an API key. `null` for a sign-in. */
  readonly key: KeyLimits | null;
  /** JSON of `AuthenticationsRead`. Most routes need none, so only those with a step-up parse it. */
  readonly authentications: string;
  readonly user: { readonly id: string; readonly hasSecondFactor: boolean; readonly role: Role };
}

/** The signed-in user of a request: the claims of the token, confirmed by the session's row. */
export interface Principal extends AccessClaims {
  readonly role: Role;
  readonly kind: SessionKind;
  readonly client: Client;
}
