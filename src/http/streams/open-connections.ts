import type { IncomingMessage, Server } from 'node:http';
import type { Socket } from 'node:net';
import type { Response } from 'express';
import type { GuardedRequest } from '../guarded-request.js';
import type { AccessRule } from '../roles.decorator.js';
import { NamespaceStream, type NamespaceClient } from './namespace-stream.js';
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
  private readonly namespaces = new Set<NamespaceStream>();

  constructor(server: Server) {
    server.on('connection', (connection: Connection) => {
      // The `HandshakeGate` passes connections back to the server.
      if (this.connections.has(connection)) return;
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

  /** Adds a client of socket.io that has joined a namespace. */
  addNamespace(client: NamespaceClient, accessRule: AccessRule | undefined): void {
    // Each gateway of the namespace reports the client.
    if (this.streams.has(client)) return;
    const stream = new NamespaceStream(client, accessRule);
    this.streams.set(client, stream);
    this.namespaces.add(stream);
    client.once('disconnect', () => this.namespaces.delete(stream));
  }

  /** Returns all open streams, oldest connections first. Namespaces come first, so that they can still send the error. */
  openStreams(): OpenStream[] {
    const open: OpenStream[] = [...this.namespaces].filter(({ isClosing }) => !isClosing);
    for (const connection of this.connections) {
      const stream = this.streams.get(connection) ?? this.streamOf(connection._httpMessage);
      if (stream && !stream.isClosing) open.push(stream);
    }
    return open;
  }

  /** Returns the responses that have not started, except streams. */
  *pendingResponses(): Iterable<Response> {
    for (const { _httpMessage: response } of this.connections) {
      if (response && !response.headersSent && !response.destroyed && !this.streams.has(response)) yield response;
    }
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
