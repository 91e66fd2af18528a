import type { Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { Express, RequestHandler, Response } from 'express';
import { withoutQuery } from '../../common/without-query.js';
import type { ConnectionLimit } from '../connection-limit.js';
import { rememberHandshake, type GuardedRequest } from '../guarded-request.js';
import { BadRequestError, NotFoundError, UnsupportedTransportError } from '../http.errors.js';
import { checkHead } from '../request-head.js';
import { requestId } from '../request-id.js';
import { inOrder } from '../pipelining.js';
import { ignoreUpgrade, isOtherProtocol } from './ignored-upgrade.js';
import type { Connection, OpenConnections } from './open-connections.js';
import { acceptSubprotocolToken } from './subprotocol-token.js';

/** Rejects with the error for the client if a request may not open a stream. */
export type Authenticate = (request: GuardedRequest, response: Response) => Promise<void>;

type ResponseClass = new (request: GuardedRequest) => ServerResponse;
type Emit = (event: string, ...args: unknown[]) => boolean;

/** The transports of engine.io, the protocol below socket.io. Each of its requests names one in the query string. */
const ENGINE_TRANSPORTS: readonly string[] = ['polling', 'websocket', 'webtransport'];
/** Request targets have no host. */
const BASE = 'http://host';
const GATED_EVENTS: readonly (string | symbol)[] = ['upgrade', 'request'];

const ignoreError = () => undefined;

/**
 * Authenticates requests that Express never sees, before any listener of the HTTP server gets them: WebSocket
 * handshakes and the long polling of socket.io. This protects every library, however it is set up.
 * Rejected requests go to Express, which responds with a problem document.
 */
export class HandshakeGate {
  /** Set by `setUpWebSockets`. Until then, the gate rejects everything. */
  authenticate: Authenticate = () => Promise.reject(new UnsupportedTransportError());

  /** Returns whether a library takes the connection. Otherwise the client would get no response. */
  isServed: (request: GuardedRequest) => boolean = () => true;

  /** Logs a connection when it is closed. Set by `setUpWebSockets`. */
  log: RequestHandler = () => undefined;

  /** Set by `setUpApp`. */
  connectionLimit?: ConnectionLimit;

  constructor(
    private readonly server: Server,
    private readonly express: Express,
    private readonly Response: ResponseClass,
    private readonly connections: OpenConnections,
  ) {}

  /**
   * Starts to intercept when a library adds a listener, so that requests of an application without one cost nothing.
   */
  activate(): void {
    const onListener = (event: string | symbol) => {
      if (!GATED_EVENTS.includes(event)) return;
      this.server.off('newListener', onListener);
      this.interceptEvents();
    };
    this.server.on('newListener', onListener);
  }

  private interceptEvents(): void {
    const emit: Emit = this.server.emit.bind(this.server);
    const gatedEmit: Emit = (event, ...args) => {
      if (event === 'upgrade') {
        const [request, socket, head] = args as [GuardedRequest, Socket, Buffer];
        // Node has removed its own listener, and an error without a listener would crash the process.
        if (!socket.listeners('error').includes(ignoreError)) socket.on('error', ignoreError);
        // An earlier response is not finished. Its stream would be hidden behind the upgraded connection.
        if ((socket as Connection)._httpMessage) socket.destroy();
        else if (isOtherProtocol(request)) ignoreUpgrade(this.server, request, socket, head);
        else
          this.admitConnection(request, socket, () => emit(event, request, socket, head)).catch(() => socket.destroy());
        return true;
      }
      if (event === 'request') {
        const [request, response] = args as [GuardedRequest, Response];
        checkHead(request);
        if (!isPoll(request)) return emit(event, request, response);
        inOrder(response, () => {
          this.admitPoll(request, response, () => emit(event, request, response)).catch(() => response.destroy());
        });
        return true;
      }
      return emit(event, ...args);
    };
    this.server.emit = gatedEmit as Server['emit'];
  }

  private async admitConnection(request: GuardedRequest, socket: Socket, admit: () => void): Promise<void> {
    checkHead(request);
    // The log needs these two fields, which Express adds to other requests.
    request.originalUrl = request.url;
    const response = Object.assign(new this.Response(request) as Response, { locals: {} });
    requestId(request, response, () => undefined);
    try {
      const rejection = this.connectionLimit?.rejectionFor(request);
      if (rejection) throw rejection;
      acceptSubprotocolToken(request);
      await this.check(request, response);
      if (!this.isServed(request)) throw new NotFoundError();
    } catch (error) {
      response.shouldKeepAlive = false;
      response.assignSocket(socket);
      response.once('finish', () => socket.destroySoon());
      this.reject(error, request, response);
      return;
    }
    if (socket.destroyed) return;
    rememberHandshake(socket, request);
    this.connections.addUpgraded(socket, request, response);
    response.statusCode = 101;
    socket.once('close', () => response.emit('close'));
    this.log(request, response, () => undefined);
    admit();
  }

  private async admitPoll(request: GuardedRequest, response: Response, admit: () => void): Promise<void> {
    try {
      await this.check(request, response);
    } catch (error) {
      this.reject(error, request, response);
      return;
    }
    this.connections.addPoll(response, request);
    admit();
  }

  private async check(request: GuardedRequest, response: Response): Promise<void> {
    const { url, rejection, headers } = request;
    if (rejection instanceof Error) throw rejection;
    // Libraries build URLs of it.
    if (!URL.canParse(`http://${headers.host}`)) throw new BadRequestError();
    // Some libraries normalize paths and some do not. A path that they could read differently could bypass a check.
    if (!URL.canParse(url, BASE) || new URL(url, BASE).pathname !== withoutQuery(url)) {
      throw new BadRequestError();
    }
    // Express sets this for other requests.
    request.res = response;
    await this.authenticate(request, response);
  }

  private reject(error: unknown, request: GuardedRequest, response: Response): void {
    request.rejection = error;
    this.express(request, response);
  }
}

/** Returns whether this is long polling. Excludes the preflight requests of browsers, which have no token. */
function isPoll({ method, url }: GuardedRequest): boolean {
  if (method === 'OPTIONS' || !url.includes('?') || !URL.canParse(url, BASE)) return false;
  return new URL(url, BASE).searchParams.getAll('transport').some((name) => ENGINE_TRANSPORTS.includes(name));
}
