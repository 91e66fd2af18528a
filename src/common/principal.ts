import type { Client } from './client.js';
import type { Role } from './role.js';

/** The user and session of a verified access token. The session may have been revoked since. */
export interface AccessClaims {
  readonly userId: string;
  readonly sessionId: string;
  /** How often the session was refreshed before this token was issued. Missing in tokens of earlier versions. */
  readonly generation?: number | undefined;
}

/** The signed-in user of a request: the claims of the token, confirmed by the session's row. */
export interface Principal extends AccessClaims {
  readonly role: Role;
  readonly client: Client;
}
