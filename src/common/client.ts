/** Where a request came from, as far as the proxies in front of us are to be believed (`TRUST_PROXY`). */
export interface Client {
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
}

/** What a client tells of itself when it signs in. */
export interface Device extends Client {
  /** What it wants to be called in the list of sessions. */
  readonly deviceName?: string | null | undefined;
}
