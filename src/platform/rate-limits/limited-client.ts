import type { Client } from '../../common/client.js';
import type { RateLimitPolicy, RateLimitState } from './rate-limit.js';

/** Is told what a request meets of limits. */
export interface RateLimitListener {
  /** A limit that holds for the request, whether anything was counted or not. */
  onPolicy(policy: RateLimitPolicy): void;
  /** Where the client stands with a limit that counted. */
  onState(state: RateLimitState): void;
}

/** A client who is counted, and told where it stands: in a good answer as in a bad one. */
export interface LimitedClient extends Client {
  readonly limits: RateLimitListener;
}

/** Who tries something, as far as it is counted. */
export interface RateLimitSubject {
  /** Clients without an address count as one. */
  readonly client: LimitedClient;
  /**
   * What names the account, whether it exists or not: a normalized e-mail address, an id; where one limit counts both,
   * with what it is. Only its hash is kept.
   */
  readonly account?: string | undefined;
  /**
   * Asked only when the account's limit is used up: what names the device, if the account knows it. It then has a
   * limit of its own, which no stranger can use up.
   */
  readonly knownDevice?: () => Promise<string | null>;
}
