import type { Client } from './client.js';
import type { Role } from './role.js';

/** What a verified access token says: who asks, by which session. Nothing here says that they still may. */
export interface AccessClaims {
  readonly userId: string;
  readonly sessionId: string;
}

/** Who makes a request: the claims of their token, confirmed by the session's row. */
export interface Principal extends AccessClaims {
  readonly role: Role;
  /** Where the request came from. */
  readonly client: Client;
}
