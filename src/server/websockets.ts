import { Logger, type Type, type WebSocketAdapter } from '@nestjs/common';
import { EXCEPTION_FILTERS_METADATA } from '@nestjs/common/constants.js';
import { NestApplication } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import type { RequestHandler } from 'express';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { WsAdapter } from '@nestjs/platform-ws';
import { AbstractWsAdapter, type GatewayMetadata } from '@nestjs/websockets';
import { TokenInvalidError, TokenMissingError } from '../auth/auth.errors.js';
import { DomainError, ForbiddenError } from '../common/domain.error.js';
import { RejectedRequests } from '../common/rejected-requests.js';
import type { Config } from '../config/env.js';
import { AccessCheck } from '../http/access-check.js';
import type { GatehouseAdapter } from '../http/express.adapter.js';
import { GatewayErrorFilter } from '../http/gateway-error.filter.js';
import { handshakeOf, type GuardedRequest } from '../http/guarded-request.js';
import { InternalError, MAX_BODY_BYTES, OriginNotAllowedError } from '../http/http.errors.js';
import { problemMessage } from '../http/rejected-call.js';
import { recordRejection } from '../http/rejection.js';
import type { NamespaceClient } from '../http/streams/namespace-stream.js';
import { endpointOf, findGateways, isSameEndpoint, type Endpoint, type Gateway } from './gateways.js';
import { rejectMalformedMessages } from './malformed-messages.js';

/** Protects WebSocket gateways like controllers, with any adapter. The default adapter is `WsAdapter`. */
export function setUpWebSockets(app: NestExpressApplication, { http, publicUrl }: Config, log: RequestHandler): void {
  const { streamGate } = app.getHttpAdapter() as unknown as GatehouseAdapter;
  const origins = [...http.corsOrigins, new URL(publicUrl).origin];
  const webSockets = new WebSockets(app, app.get(AccessCheck), app.get(RejectedRequests), findGateways(app), origins);
  webSockets.reportErrors();
  streamGate.authenticate = (request, response) => webSockets.authenticate(request, response);
  streamGate.log = log;
  streamGate.activate();
  const value = (adapter: WebSocketAdapter) => {
    webSockets.protect(adapter);
    return NestApplication.prototype.useWebSocketAdapter.call(app, adapter);
  };
  // Nest's proxies around the application ignore assignments, and need configurable properties.
  Object.defineProperty(app, 'useWebSocketAdapter', { value, configurable: true });
  app.useWebSocketAdapter(new WsAdapter(app));
}

/** A client of socket.io that joins a namespace. */
type Join = (client: object, next: (error?: Error) => void) => void;

/** The parts of a server or a namespace of socket.io that a server of `ws` lacks. */
interface SocketServer {
  readonly use?: (join: Join) => void;
  on(event: 'connection', listener: (client: NamespaceClient) => void): void;
  readonly opts?: SocketIoOptions;
  readonly engine?: Engine;
  readonly server?: { readonly opts?: SocketIoOptions; readonly engine?: Engine };
}

/** The clients of engine.io by the ID of their connection. */
interface Engine {
  readonly clients: Readonly<Record<string, { readonly request: GuardedRequest }>>;
}

interface SocketIoOptions {
  readonly connectionStateRecovery?: { skipMiddlewares?: boolean };
}

class WebSockets {
  private readonly logger = new Logger(WebSockets.name);
  private defaultPath = '/';
  private readonly engines = new Set<Engine>();

  constructor(
    private readonly app: NestExpressApplication,
    private readonly access: AccessCheck,
    private readonly rejectedRequests: RejectedRequests,
    private readonly gateways: readonly Gateway[],
    private readonly origins: readonly string[],
  ) {}

  /** Adds our error filter to each gateway, because Nest does not apply global filters to them. */
  reportErrors(): void {
    const filter = new GatewayErrorFilter(this.rejectedRequests);
    for (const { type } of this.gateways) {
      const filters = (Reflect.getMetadata(EXCEPTION_FILTERS_METADATA, type) ?? []) as unknown[];
      const own = filters.filter((other) => !(other instanceof GatewayErrorFilter));
      // Nest tries the filters from last to first, so other filters have precedence.
      Reflect.defineMetadata(EXCEPTION_FILTERS_METADATA, [filter, ...own], type);
    }
  }

  /** Authorizes a handshake. One gateway at its path must admit it. */
  async authenticate(request: GuardedRequest, response: object): Promise<void> {
    if (!this.isAllowedOrigin(request)) throw new OriginNotAllowedError();
    const gateways = this.gatewaysAt(request.url.split('?', 1)[0] ?? '');
    let rejection: unknown;
    for (const gateway of gateways.length > 0 ? gateways : [undefined]) {
      try {
        await this.check('http', [request, response], gateway?.type);
        this.assertSameSession(request);
        return;
      } catch (error) {
        // A client with an invalid token must not fall back to anonymous access.
        if (!(error instanceof ForbiddenError || error instanceof TokenMissingError)) throw error;
        rejection ??= error;
      }
    }
    throw rejection;
  }

  /** Limits the size of messages, checks clients that join a namespace, and rejects gateways that bypass the gate. */
  protect(adapter: WebSocketAdapter): void {
    this.defaultPath = adapter instanceof WsAdapter ? '/' : '/socket.io';
    const create = adapter.create.bind(adapter) as (port: number, options: object) => SocketServer;
    adapter.create = (port: number, options: GatewayMetadata = {}) => {
      this.assertGated(adapter, port);
      const server = create(port, { maxPayload: MAX_BODY_BYTES, maxHttpBufferSize: MAX_BODY_BYTES, ...options });
      const engine = server.engine ?? server.server?.engine;
      if (engine) this.engines.add(engine);
      if (server.use) this.guardNamespace(server, endpointOf(options));
      // By default, socket.io lets clients that reconnect skip the check above.
      const recovery = (server.opts ?? server.server?.opts)?.connectionStateRecovery;
      if (recovery) recovery.skipMiddlewares = false;
      return server;
    };
    if (adapter instanceof WsAdapter) rejectMalformedMessages(adapter);
  }

  /** A request that continues a connection of engine.io must belong to the session that opened it. */
  private assertSameSession(request: GuardedRequest): void {
    for (const id of new URL(request.url, 'http://host').searchParams.getAll('sid')) {
      for (const { clients } of this.engines) {
        const opener = Object.hasOwn(clients, id) ? clients[id]?.request : undefined;
        if (opener && opener.principal?.sessionId !== request.principal?.sessionId) throw new TokenInvalidError();
      }
    }
  }

  private guardNamespace(server: SocketServer, endpoint: Endpoint): void {
    const gateway = this.gateways.find((other) => isSameEndpoint(other, endpoint));
    const { connections } = this.app.getHttpAdapter() as unknown as GatehouseAdapter;
    server.use?.((client, next) => void this.join(client, gateway).then(next));
    server.on('connection', (client) => {
      if (!gateway?.isPublic) connections.addNamespace(client, gateway?.rule);
    });
  }

  /** Returns an error if the client may not join the namespace of a gateway. */
  private async join(client: object, gateway: Gateway | undefined): Promise<Error | undefined> {
    try {
      await this.check('ws', [client], gateway?.type);
    } catch (exception) {
      if (!(exception instanceof DomainError)) this.logger.error({ err: exception }, 'Unexpected error');
      const error = exception instanceof DomainError ? exception : new InternalError();
      const handshake = handshakeOf(client);
      if (handshake) recordRejection(this.rejectedRequests, error, handshake);
      // The client of socket.io gets both as `connect_error`.
      return Object.assign(new Error(error.code), { data: problemMessage(error) });
    }
    return undefined;
  }

  /**
   * Runs the guards as if the gateway were a controller. Without a gateway, requires a token but no role. An example is
   * a WebSocket server that the application attached itself.
   */
  private async check(type: 'http' | 'ws', args: object[], gateway: Type = Object): Promise<void> {
    const context = new ExecutionContextHost(args, gateway, gateway);
    context.setType(type);
    await this.access.check(context);
  }

  /** Checks the origin of the page that browsers send, because CORS does not cover WebSockets (ASVS 4.4.2). */
  private isAllowedOrigin({ headers: { origin, host } }: GuardedRequest): boolean {
    if (origin === undefined) return true;
    const isOwn = URL.canParse(origin) && new URL(origin).host === host;
    return isOwn || this.origins.includes(origin);
  }

  private gatewaysAt(path: string): readonly Gateway[] {
    const own = (gateway: Gateway) => gateway.path ?? this.defaultPath;
    // `ws` accepts only the exact path, and socket.io also every path below it.
    const matches = this.gateways.filter((gateway) => path === own(gateway) || path.startsWith(`${own(gateway)}/`));
    const longest = Math.max(...matches.map((gateway) => own(gateway).length));
    return matches.filter((gateway) => own(gateway).length === longest);
  }

  private assertGated(adapter: WebSocketAdapter, port: number): void {
    const open = this.gateways.find((gateway) => gateway.port === port && !gateway.isPublic);
    if (!open) return;
    if (port !== 0) {
      throw new Error(
        `${open.type.name} has its own port, where its clients cannot be authenticated. ` +
          'Remove the port from @WebSocketGateway(), or make the gateway @Public().',
      );
    }
    const { httpServer } = adapter as { httpServer?: unknown };
    if (adapter instanceof AbstractWsAdapter && httpServer !== this.app.getHttpServer()) {
      throw new Error('Pass the application to the WebSocket adapter: new WsAdapter(app).');
    }
  }
}
