import type { DomainError } from '../../common/domain.error.js';
import type { GuardedRequest } from '../guarded-request.js';

/** How long a client may take to close its side, and to read what was sent before. */
export const CLOSE_TIMEOUT_MS = 1_000;

/** A connection that stays open after its request was authorized. */
export interface OpenStream {
  /** Its `principal` is missing if the stream is public. */
  readonly request: GuardedRequest;
  readonly isClosing: boolean;
  /** Whether it stays open until someone closes it, unlike a download. */
  readonly isEndless: boolean;
  /** Tells the client why and closes the connection. Resolves when it is closed. */
  close(error: DomainError): Promise<void>;
  /** Sends something that clients ignore, so that proxies keep the connection. Closes it if the client is gone. */
  beat(): void;
}
