import type { Client } from './client.js';
import type { ErrorKind } from './domain.error.js';
import type { AccessClaims } from './principal.js';

/** Somebody was turned away, and it is worth writing down. */
export interface Rejection {
  /** The code of the problem that they were answered. */
  readonly code: string;
  readonly kind: ErrorKind;
  /** Who, where a genuine token says so. */
  readonly claims: AccessClaims | null;
  readonly client: Client;
}

/** Where the edge tells of those claims it turns away. It waits for nobody: to refuse must stay cheap. */
export abstract class RejectedRequests {
  abstract note(refusal: Rejection): void;
}
