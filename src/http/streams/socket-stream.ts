import type { Socket } from 'node:net';
import type { Response } from 'express';
import type { DomainError, ErrorKind } from '../../common/domain.error.js';
import type { Principal } from '../../common/principal.js';
import type { GuardedRequest } from '../guarded-request.js';
import type { AccessRule } from '../roles.decorator.js';
import { CLOSE_TIMEOUT_MS, type OpenStream } from './open-stream.js';
import { ServerStoppingError } from './streams.errors.js';

/** The codes from 4000 on are for applications (RFC 6455 §7.4.2). */
const CLOSE_CODES: Readonly<Partial<Record<ErrorKind, number>>> = { unauthenticated: 4401, forbidden: 4403 };
const GOING_AWAY = 1001;
const TRY_AGAIN_LATER = 1013;

/** An empty, final ping frame without a mask (RFC 6455 §5.5.2). */
const PING = Buffer.from([0x89, 0]);

/**
 * An upgraded connection. Writes its own WebSocket frames to the socket, between those of the library that accepted the
 * connection, because that works with every library. The response is used only for the log.
 */
export class SocketStream implements OpenStream {
  readonly isEndless = true;
  isClosing = false;
  private readonly bytesBeforeResponse: number;
  private bytesReadBeforePing = -1;

  constructor(
    private readonly request: GuardedRequest,
    private readonly response: Response,
    private readonly socket: Socket,
  ) {
    this.bytesBeforeResponse = socket.bytesWritten;
  }

  get principal(): Principal | undefined {
    return this.request.principal;
  }

  get accessRule(): AccessRule | undefined {
    return this.request.accessRule;
  }

  async close(error: DomainError): Promise<void> {
    if (this.isClosing) return;
    this.isClosing = true;
    const { socket } = this;
    this.response.locals['code'] = error.code;
    const closed = new Promise<unknown>((resolve) => socket.once('close', resolve));
    socket.on('error', () => undefined);
    if (this.isWebSocket()) {
      // The library gets no more messages. Reading continues, because the system resets connections with unread data.
      socket.removeAllListeners('data').resume();
      // Socket.io first sends the packets that are already queued.
      setImmediate(() => socket.end(closeFrame(closeCodeOf(error), error.code)));
      setTimeout(() => socket.destroy(), CLOSE_TIMEOUT_MS).unref();
    } else socket.destroy();
    await closed;
  }

  /** Sends a ping. Closes the connection if the client has sent nothing since the last one. */
  beat(): void {
    if (!this.isWebSocket()) return;
    const { socket } = this;
    if (socket.bytesRead === this.bytesReadBeforePing) socket.destroy();
    else socket.write(PING);
    this.bytesReadBeforePing = socket.bytesRead;
  }

  /**
   * Returns whether frames can be sent. Before the library accepts the handshake, a frame would be an invalid response.
   */
  private isWebSocket(): boolean {
    const { upgrade } = this.request.headers;
    return upgrade?.toLowerCase() === 'websocket' && this.socket.bytesWritten > this.bytesBeforeResponse;
  }
}

function closeCodeOf(error: DomainError): number {
  return error instanceof ServerStoppingError ? GOING_AWAY : (CLOSE_CODES[error.kind] ?? TRY_AGAIN_LATER);
}

/** Returns a final close frame without a mask (RFC 6455 §5.5.1). Its payload has at most 125 bytes. */
function closeFrame(code: number, reason: string): Buffer {
  const payload = Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason).subarray(0, 123)]);
  return Buffer.concat([Buffer.from([0x88, payload.length]), payload]);
}
