import type { Client } from '../common/client.js';

/** What a client tells of itself when it signs in. */
export interface Device extends Client {
  /** What it wants to be called in the list of sessions. */
  readonly deviceName?: string | null | undefined;
}
