import type { DomainError } from '../../common/domain.error.js';
import type { Principal } from '../../common/principal.js';
import type { AccessRule } from '../roles.decorator.js';

/** The time for a client to read the remaining data and close its side. */
export const CLOSE_TIMEOUT_MS = 1_000;

/** A connection that stays open after its request was authorized. */
export interface OpenStream {
  /** `undefined` if the stream is public. */
  readonly principal: Principal | undefined;
  /** `undefined` if every signed-in user may use the stream. */
  readonly accessRule: AccessRule | undefined;
  readonly isClosing: boolean;
  /** Whether it stays open until it is closed, unlike a download. */
  readonly isEndless: boolean;
  /** Sends the error to the client if the protocol allows it, and closes the connection. Resolves when it is closed. */
  close(error: DomainError): Promise<void>;
  /** Sends data that clients ignore, so that proxies keep the connection. Closes it if the client is gone. */
  beat(): void;
}
