/** The server cannot listen on `HOST` and `PORT`. `main` prints the message without a stack. */
export class ListenError extends Error {
  override readonly name = 'ListenError';

  /** @param cause its message contains the reason, the IP address and the port */
  constructor(cause: Error) {
    super(`The server cannot listen. Check HOST and PORT: ${cause.message}`, { cause });
  }
}
