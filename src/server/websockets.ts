import type { WebSocketAdapter } from '@nestjs/common';
import { EXCEPTION_FILTERS_METADATA } from '@nestjs/common/constants.js';
import { NestApplication } from '@nestjs/core';
import type { RequestHandler } from 'express';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { WsAdapter } from '@nestjs/platform-ws';
import type { GatewayMetadata } from '@nestjs/websockets';
import { RejectionAudit } from '../common/rejection-audit.js';
import type { Config } from '../config/env.js';
import type { GatehouseAdapter } from '../http/express.adapter.js';
import { GatewayErrorFilter } from '../http/gateway-error.filter.js';
import { GlobalGuards } from '../http/global-guards.js';
import { MAX_BODY_BYTES } from '../http/http.errors.js';
import { assertGated, endpointOf, findGateways, type Gateway } from './gateways.js';
import { HandshakeAuthorizer, type Engine } from './handshake-authorizer.js';
import { rejectMalformedMessages } from './malformed-messages.js';
import { NamespaceAuthorizer, type Namespace } from './namespace-authorizer.js';

/** A server of `ws`, or a server or namespace of socket.io. */
interface SocketServer extends Partial<Namespace> {
  readonly opts?: SocketIoOptions;
  readonly engine?: Engine;
  readonly server?: { readonly opts?: SocketIoOptions; readonly engine?: Engine };
}

interface SocketIoOptions {
  readonly connectionStateRecovery?: { skipMiddlewares?: boolean };
}

/** Protects WebSocket gateways like controllers, with any adapter. The default adapter is `WsAdapter`. */
export function setUpWebSockets(app: NestExpressApplication, config: Config, log: RequestHandler): void {
  const { handshakeGate, connections } = app.getHttpAdapter() as unknown as GatehouseAdapter;
  const [guards, rejectionAudit, gateways] = [app.get(GlobalGuards), app.get(RejectionAudit), findGateways(app)];
  const handshakes = new HandshakeAuthorizer(guards, gateways, config);
  const namespaces = new NamespaceAuthorizer(guards, gateways, connections, rejectionAudit);

  const countListeners = () => app.getHttpServer().listenerCount('upgrade');

  reportErrors(gateways, new GatewayErrorFilter(rejectionAudit));
  handshakeGate.authenticate = (request, response) => handshakes.authorize(request, response);
  handshakeGate.isServed = (request) => handshakes.isServed(request, countListeners());
  handshakeGate.log = log;
  handshakeGate.activate();

  /** Limits the size of messages, checks clients that join a namespace, and rejects gateways that bypass the gate. */
  const protect = (adapter: WebSocketAdapter) => {
    handshakes.defaultPath = adapter instanceof WsAdapter ? '/' : '/socket.io';
    const create = adapter.create.bind(adapter) as (port: number, options: object) => SocketServer;
    adapter.create = (port: number, options: GatewayMetadata = {}) => {
      assertGated(app, gateways, adapter, port);
      const listeners = countListeners();
      const server = create(port, { maxPayload: MAX_BODY_BYTES, maxHttpBufferSize: MAX_BODY_BYTES, ...options });
      handshakes.adapterListeners += countListeners() - listeners;
      const engine = server.engine ?? server.server?.engine;
      if (engine) handshakes.engines.add(engine);
      if (isNamespace(server)) namespaces.protect(server, endpointOf(options));
      // By default, socket.io lets clients that reconnect skip the check above.
      const recovery = (server.opts ?? server.server?.opts)?.connectionStateRecovery;
      if (recovery) recovery.skipMiddlewares = false;
      return server;
    };
    if (adapter instanceof WsAdapter) rejectMalformedMessages(adapter);
  };
  const value = (adapter: WebSocketAdapter) => {
    protect(adapter);
    return NestApplication.prototype.useWebSocketAdapter.call(app, adapter);
  };
  // Nest's proxies around the application ignore assignments, and need configurable properties.
  Object.defineProperty(app, 'useWebSocketAdapter', { value, configurable: true });
  app.useWebSocketAdapter(new WsAdapter(app));
}

/** Adds our error filter to each gateway, because Nest does not apply global filters to them. */
function reportErrors(gateways: readonly Gateway[], filter: GatewayErrorFilter): void {
  for (const { type } of gateways) {
    const filters = (Reflect.getMetadata(EXCEPTION_FILTERS_METADATA, type) ?? []) as unknown[];
    const own = filters.filter((other) => !(other instanceof GatewayErrorFilter));
    // Nest tries the filters from last to first, so other filters have precedence.
    Reflect.defineMetadata(EXCEPTION_FILTERS_METADATA, [filter, ...own], type);
  }
}

function isNamespace(server: SocketServer): server is SocketServer & Namespace {
  return server.use !== undefined;
}
