import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { networkOf } from '../common/network.js';
import { plainAddress } from './client.js';
import type { GuardedRequest } from './guarded-request.js';
import { TooManyConnectionsError } from './http.errors.js';

/** How long a surplus connection stays open, so that a client that connects again immediately cannot occupy the process. */
const HOLD_MS = 2_000;
/** Connections beyond this multiple of the limit are closed immediately. */
const HARD_LIMIT_FACTOR = 4;

export interface ConnectionLimitOptions {
  readonly maxPerClient: number;
  /** Returns whether an IP address is that of a proxy. Its connections belong to many clients. */
  readonly isProxy: (address: string) => boolean;
}

/**
 * Limits the connections of a client, as rate limits count clients. Requests on surplus connections get 429 after a
 * delay.
 */
export class ConnectionLimit {
  private readonly counts = new Map<string, number>();
  private readonly surplus = new Set<Socket>();

  constructor(
    server: Server,
    private readonly options: ConnectionLimitOptions,
  ) {
    server.on('connection', (connection: Socket) => this.add(connection));
  }

  /** Returns whether requests on a connection are rejected. */
  isSurplus(connection: Socket): boolean {
    return this.surplus.size > 0 && this.surplus.has(connection);
  }

  /** Rejects a request later. Calls `handle` to send the response. */
  reject(request: IncomingMessage, response: ServerResponse, handle: () => void): void {
    setTimeout(() => {
      if (response.destroyed) return;
      response.setHeader('Connection', 'close');
      (request as GuardedRequest).rejection = new TooManyConnectionsError();
      handle();
    }, HOLD_MS).unref();
  }

  private add(connection: Socket): void {
    const { maxPerClient, isProxy } = this.options;
    // Node.js keeps the IP address once it was read. The log needs it after the client has disconnected.
    const address = plainAddress(connection.remoteAddress);
    if (address === null || isProxy(address)) return;
    const client = networkOf(address);
    const count = (this.counts.get(client) ?? 0) + 1;
    this.counts.set(client, count);
    connection.once('close', () => this.remove(connection, client));
    if (count > HARD_LIMIT_FACTOR * maxPerClient) connection.destroy();
    else if (count > maxPerClient) {
      this.surplus.add(connection);
      // It may send no request.
      setTimeout(() => connection.destroy(), 2 * HOLD_MS).unref();
    }
  }

  private remove(connection: Socket, client: string): void {
    this.surplus.delete(connection);
    const count = (this.counts.get(client) ?? 1) - 1;
    if (count > 0) this.counts.set(client, count);
    else this.counts.delete(client);
  }
}
