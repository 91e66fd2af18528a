import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Response } from 'express';
import type { GuardedRequest } from '../guarded-request.js';
import type { OpenStream } from './open-stream.js';
import { ResponseStream } from './response-stream.js';
import { SocketStream } from './socket-stream.js';

/** A connection with undocumented fields of Node.js: the current response, and the latest request on its parser. */
export type Connection = Socket & {
  readonly _httpMessage?: (Response & { readonly req: GuardedRequest }) | null;
  readonly parser?: { readonly incoming: IncomingMessage | null } | null;
};

/**
 * Tracks the connections of the HTTP server, and finds the streams among them on demand, which adds no work to other
 * requests.
 */
export class OpenConnections implements Iterable<Connection> {
  private readonly connections = new Set<Connection>();
  private readonly streams = new WeakMap<object, OpenStream>();

  constructor(server: Server) {
    server.on('connection', (connection: Connection) => {
      this.connections.add(connection);
      connection.once('close', () => this.connections.delete(connection));
    });
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.connections.values();
  }

  /** Adds an upgraded connection. */
  addUpgraded(socket: Socket, request: GuardedRequest, response: Response): void {
    this.streams.set(socket, new SocketStream(request, response, socket));
  }

  /** Adds a response of long polling, which its library sends later. */
  addPoll(response: Response, request: GuardedRequest): void {
    this.streams.set(response, new ResponseStream(request, response));
  }

  /** Returns all open streams, in the order of their connections. */
  openStreams(): OpenStream[] {
    const open: OpenStream[] = [];
    for (const connection of this.connections) {
      const stream = this.streams.get(connection) ?? this.streamOf(connection._httpMessage);
      if (stream && !stream.isClosing) open.push(stream);
    }
    return open;
  }

  private streamOf(response: Connection['_httpMessage']): OpenStream | undefined {
    if (!response || response.writableEnded || response.destroyed) return undefined;
    const known = this.streams.get(response);
    if (known || !response.headersSent) return known;
    const stream = new ResponseStream(response.req, response);
    this.streams.set(response, stream);
    return stream;
  }
}
