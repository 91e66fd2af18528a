import { EventEmitter } from 'node:events';
import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Request } from 'express';
import { networkOf } from '../common/network.js';
import { clientOf, plainAddress } from './client.js';

/** A closed connection counts for this time, so that a client that connects for each request is recognized, too. */
const CLOSED_MS = 250;

/** A client with open connections. */
export interface ConnectedClient {
  readonly id: string;
  /** Includes its connections through proxies, and those that were just closed. */
  connections: number;
  /** Its open connections without a proxy. */
  direct: number;
}

interface Connection {
  client: ConnectedClient;
  readonly isProxied: boolean;
}

interface ConnectionEvents {
  /** A connection was counted. The client is `null` if a proxy has opened it. */
  open: [socket: Socket, client: ConnectedClient | null];
}

/**
 * Counts the open connections of each client, as rate limits count clients. A connection of a proxy belongs to the client
 * whose request it carried last.
 */
export class ClientConnections extends EventEmitter<ConnectionEvents> {
  private readonly clients = new Map<string, ConnectedClient>();
  private readonly open = new Map<Socket, Connection>();

  /** @param isProxy returns whether an IP address is that of a proxy */
  constructor(
    server: Server,
    private readonly isProxy: (address: string) => boolean,
  ) {
    super();
    server.on('connection', (socket: Socket) => this.add(socket));
  }

  get total(): number {
    return this.open.size;
  }

  /** Returns the client of a request. */
  find(request: IncomingMessage): ConnectedClient | undefined {
    const connection = this.open.get(request.socket);
    if (connection?.isProxied) this.move(connection, clientOf(request as Request).ipAddress ?? '');
    return connection?.client;
  }

  private add(socket: Socket): void {
    // Node.js keeps the IP address once it was read. The log needs it after the client has disconnected.
    const address = plainAddress(socket.remoteAddress);
    // Some libraries pass connections back to the server.
    if (address === null || this.open.has(socket)) return;
    const client = this.enter(address);
    const connection = { client, isProxied: this.isProxy(address) };
    this.open.set(socket, connection);
    if (!connection.isProxied) client.direct += 1;
    socket.once('close', () => {
      this.open.delete(socket);
      if (!connection.isProxied) client.direct -= 1;
      setTimeout(() => this.leave(connection.client), CLOSED_MS).unref();
    });
    this.emit('open', socket, connection.isProxied ? null : client);
  }

  private move(connection: Connection, address: string): void {
    if (connection.client.id === networkOf(address)) return;
    this.leave(connection.client);
    connection.client = this.enter(address);
  }

  private enter(address: string): ConnectedClient {
    const id = networkOf(address);
    const client = this.clients.get(id) ?? { id, connections: 0, direct: 0 };
    client.connections += 1;
    this.clients.set(id, client);
    return client;
  }

  private leave(client: ConnectedClient): void {
    client.connections -= 1;
    if (client.connections === 0) this.clients.delete(client.id);
  }
}
