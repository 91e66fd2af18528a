import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Logger } from '@nestjs/common';
import { OverloadedError, type DomainError } from '../common/domain.error.js';
import type { ClientConnections, ConnectedClient } from './client-connections.js';
import type { GuardedRequest } from './guarded-request.js';
import { TooManyConnectionsError } from './http.errors.js';
import type { Connection } from './streams/open-connections.js';

/** How long a surplus connection stays open, so that a client that connects again immediately cannot occupy the process. */
const HOLD_MS = 2_000;
/** Connections beyond this multiple of the limit are closed immediately. */
const HARD_LIMIT_FACTOR = 4;
/** How many connections may exceed the total limit. A further one evicts the oldest, so that probes get through. */
const MAX_EXTRA_CONNECTIONS = 256;

export interface ConnectionLimitOptions {
  /** All connections of this process. */
  readonly maxTotal: number;
  readonly maxPerClient: number;
  /** Returns whether a request is answered even on a surplus connection. */
  readonly isProbe: (request: IncomingMessage) => boolean;
}

/**
 * Limits all connections, and those of a client. Requests on surplus connections are rejected after a delay, except
 * probes. A probe may come from a proxy that is missing in `TRUST_PROXY`, which would take the process out of service.
 * Connections of proxies belong to many clients, so only the total limit counts them.
 */
export class ConnectionLimit {
  private readonly logger = new Logger(ConnectionLimit.name);
  /** Whether the log already contains the warning. */
  private isFull = false;
  private readonly surplus = new Map<Socket, DomainError>();
  /** The surplus connections of clients, oldest first. */
  private readonly clientSurplus = new Set<Socket>();
  /** The surplus connections of the total limit, oldest first. */
  private readonly extra = new Set<Socket>();

  constructor(
    private readonly clients: ClientConnections,
    private readonly options: ConnectionLimitOptions,
  ) {
    clients.on('open', (connection, client) => this.add(connection, client));
  }

  /** Returns the error of all requests on a surplus connection. */
  rejectionFor(request: IncomingMessage): DomainError | undefined {
    return this.surplus.size > 0 ? this.surplus.get(request.socket) : undefined;
  }

  /** Rejects a request later. Calls `handle` to send the response. */
  reject(request: IncomingMessage, response: ServerResponse, error: DomainError, handle: () => void): void {
    response.setHeader('Connection', 'close');
    if (this.options.isProbe(request)) return handle();
    setTimeout(() => {
      if (response.destroyed) return;
      (request as GuardedRequest).rejection = error;
      handle();
    }, HOLD_MS).unref();
  }

  private add(connection: Socket, client: ConnectedClient | null): void {
    const { clients, options } = this;
    connection.once('close', () => {
      this.remove(connection);
      if (clients.total < 0.9 * options.maxTotal) this.isFull = false;
    });
    if (client && client.direct > options.maxPerClient) this.addSurplus(connection, client);
    if (clients.total > options.maxTotal && !this.makeRoom(connection)) this.addExtra(connection);
  }

  private remove(connection: Socket): void {
    this.surplus.delete(connection);
    this.clientSurplus.delete(connection);
    this.extra.delete(connection);
  }

  /** Closes the oldest surplus connection of a client, so that clients beyond their limit cannot lock others out. */
  private makeRoom(connection: Socket): boolean {
    const [oldest] = this.clientSurplus;
    if (!oldest || connection.destroyed || this.surplus.has(connection)) return false;
    this.remove(oldest);
    oldest.destroy();
    return true;
  }

  private addSurplus(connection: Socket, client: ConnectedClient): void {
    if (client.direct > HARD_LIMIT_FACTOR * this.options.maxPerClient) return void connection.destroy();
    this.surplus.set(connection, new TooManyConnectionsError());
    this.clientSurplus.add(connection);
    // The connection may never send a request. `_httpMessage` is the response to a request in progress.
    setTimeout(() => {
      if (!(connection as Connection)._httpMessage) connection.destroy();
    }, 2 * HOLD_MS).unref();
  }

  /** The timeout for headers closes these connections if they send no request. */
  private addExtra(connection: Socket): void {
    if (!this.isFull) this.logger.warn('MAX_CONNECTIONS is reached. Only probes are answered on further connections.');
    this.isFull = true;
    if (connection.destroyed) return;
    if (this.surplus.has(connection)) return void connection.destroy();
    this.surplus.set(connection, new OverloadedError());
    this.extra.add(connection);
    const [oldest] = this.extra;
    if (this.extra.size > MAX_EXTRA_CONNECTIONS) oldest?.destroy();
  }
}
