import type { Client } from './client.js';
import type { ErrorKind } from './domain.error.js';
import type { AccessClaims } from './principal.js';

/** A rejected request to record in the audit log. */
export interface Rejection {
  /** The problem code of the response. */
  readonly code: string;
  readonly kind: ErrorKind;
  /** The claims of the token, if it was genuine. */
  readonly claims: AccessClaims | null;
  readonly client: Client;
}

/** Receives rejected requests from the HTTP layer. */
export abstract class RejectionAudit {
  /** Returns immediately, because rejecting a request must stay cheap. */
  abstract record(rejection: Rejection): void;
}
