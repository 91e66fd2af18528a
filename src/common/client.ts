/** A limit as reported to clients. */
export interface RateLimitPolicy {
  /** For example `login-account`. */
  readonly name: string;
  /** Attempts per window. */
  readonly points: number;
  readonly windowSeconds: number;
}

/** The remaining quota of one client, account or device. */
export interface RateLimitState {
  readonly policy: RateLimitPolicy;
  readonly remaining: number;
  readonly resetSeconds: number;
}

/** Receives the limits that apply to a request. The response reports them in its headers. */
export interface RateLimitListener {
  onPolicy(policy: RateLimitPolicy): void;
  onStates(states: readonly RateLimitState[]): void;
}

/** The part of an HTTP response that tells whether the client still waits for it. */
export interface PendingResponse {
  readonly writableEnded: boolean;
  readonly destroyed: boolean;
  /** Emitted when the response is complete or the client has disconnected. */
  once(event: 'close', listener: () => void): unknown;
}

/** The client of a request: its IP address, as `TRUST_PROXY` determines it, and what it sends about itself. */
export interface Client {
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
  /** The name of the device in session lists, if the client sends one at sign-in. */
  readonly deviceName?: string | null | undefined;
  /** The last refresh token of the device, which identifies it at sign-in. */
  readonly refreshToken?: string | undefined;
  /** The refresh token in the cookie that this sign-in replaces. */
  readonly replacedToken?: string | undefined;
  readonly rateLimits?: RateLimitListener;
  readonly response?: PendingResponse;
}
