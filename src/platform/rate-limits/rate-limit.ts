/** What is limited. Each has a limit for the client's address and one for the account. */
export type RateLimitName = 'login' | 'register' | 'refresh' | 'forgot' | 'verify';

/** Whose tries are counted together: a client's, those on an account, or those of a device that the account knows. */
export type RateLimitScope = 'address' | 'account' | 'device';

/** How many tries fit into a window. */
export interface Quota {
  readonly points: number;
  /** Seconds. */
  readonly window: number;
}

/** A limit as clients are told of it. */
export interface RateLimitPolicy extends Quota {
  /** Such as `login-account`. */
  readonly name: string;
}

/** Where someone stands with a limit. */
export interface RateLimitState {
  readonly policy: RateLimitPolicy;
  readonly remaining: number;
  /** Whole seconds until the window ends. */
  readonly reset: number;
}
