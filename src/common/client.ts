/** Where a request came from, as far as the proxies in front of us are to be believed (`TRUST_PROXY`). */
export interface Client {
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
}
