/** A server cannot listen. `main` prints the message without a stack. */
export class ListenError extends Error {
  override readonly name = 'ListenError';

  /** @param cause its message contains the reason, the IP address and the port */
  constructor(settings: 'HOST and PORT' | 'METRICS_HOST and METRICS_PORT', cause: Error) {
    super(`The server cannot listen. Check ${settings}: ${cause.message}`, { cause });
  }
}
