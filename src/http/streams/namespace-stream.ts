import type { DomainError } from '../../common/domain.error.js';
import type { Principal } from '../../common/principal.js';
import type { GuardedRequest } from '../guarded-request.js';
import { problemMessage } from '../rpc-error.js';
import type { AccessRule } from '../roles.decorator.js';
import type { OpenStream } from './open-stream.js';

/** A client of socket.io in one namespace. */
export interface NamespaceClient {
  readonly request: GuardedRequest;
  readonly conn: { readonly transport: { readonly name: string }; close(): void };
  emit(event: string, data: unknown): void;
  disconnect(closeConnection: boolean): void;
  once(event: 'disconnect', listener: () => void): void;
}

/** A namespace that a client of socket.io has joined. A connection can have several, with different roles. */
export class NamespaceStream implements OpenStream {
  isClosing = false;

  constructor(
    private readonly client: NamespaceClient,
    readonly accessRule: AccessRule | undefined,
  ) {}

  get principal(): Principal | undefined {
    return this.client.request.principal;
  }

  /** A WebSocket counts as a stream itself, and long polling has no other one. */
  get isEndless(): boolean {
    return this.client.conn.transport.name === 'polling';
  }

  /** Sends the error as the event `exception`. Clients reconnect automatically unless they were disconnected. */
  close(error: DomainError): Promise<void> {
    if (this.isClosing) return Promise.resolve();
    this.isClosing = true;
    const { client } = this;
    client.emit('exception', problemMessage(error));
    if (error.kind === 'forbidden') client.disconnect(false);
    else if (error.kind === 'unauthenticated') client.disconnect(true);
    else client.conn.close();
    return Promise.resolve();
  }

  beat(): void {
    // Socket.io sends its own heartbeats.
  }
}
