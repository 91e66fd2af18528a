import type { Type, WebSocketAdapter } from '@nestjs/common';
import { ModulesContainer, Reflector } from '@nestjs/core';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AbstractWsAdapter, type GatewayMetadata } from '@nestjs/websockets';
import { GATEWAY_METADATA, GATEWAY_OPTIONS, PORT_METADATA } from '@nestjs/websockets/constants.js';
import type { GlobalGuards } from '../http/global-guards.js';
import { isPublic } from '../http/public.decorator.js';
import { accessRuleOf, type AccessRule } from '../http/roles.decorator.js';

/** The path and namespace of a gateway. */
export interface Endpoint {
  /** `undefined` is the default path of the WebSocket adapter. */
  readonly path: string | undefined;
  /** Only socket.io has namespaces other than `/`. */
  readonly namespace: string;
}

/** A WebSocket gateway of the application, with its decorators. */
export interface Gateway extends Endpoint {
  readonly type: Type;
  readonly port: number;
  readonly isPublic: boolean;
  readonly rule: AccessRule | undefined;
}

/**
 * Returns all gateways, in the order in which they may authorize a handshake at their common path.
 *
 * @throws Error if gateways with the same clients have different access rules
 */
export function findGateways(app: NestExpressApplication): readonly Gateway[] {
  const reflector = app.get(Reflector);
  const providers = [...app.get(ModulesContainer).values()].flatMap((module) => [...module.providers.values()]);
  const types = new Set(providers.map(({ metatype }) => metatype).filter(isGateway));
  const gateways = [...types].map((type) => toGateway(type, reflector));
  for (const gateway of gateways) {
    const other = gateways.find((candidate) => sharesClients(candidate, gateway));
    if (other && !hasSameAccess(other, gateway)) {
      throw new Error(
        `${other.type.name} and ${gateway.type.name} have the same path, so they share their clients. ` +
          'Give them the same @Public(), @Roles() and @Requires(), or different paths.',
      );
    }
  }
  return gateways.sort((a, b) => precedenceOf(a) - precedenceOf(b));
}

/** A role that a connection does not need must not end it, and a public gateway must not make it anonymous. */
function precedenceOf({ isPublic, rule }: Gateway): number {
  if (isPublic) return 2;
  return rule ? 1 : 0;
}

/** Returns the normalized endpoint of the options of a gateway. */
export function endpointOf({ path, namespace = '/' }: GatewayMetadata): Endpoint {
  return {
    path: path ? `/${path}`.replace(/\/+/g, '/').replace(/\/$/, '') : undefined,
    namespace: typeof namespace === 'string' ? `/${namespace}`.replace(/\/+/g, '/') : String(namespace),
  };
}

/** Returns whether clients of one endpoint are clients of the other. */
export function isSameEndpoint(a: Endpoint, b: Endpoint): boolean {
  return a.path === b.path && a.namespace === b.namespace;
}

/**
 * Checks that the handshakes of the gateways at a port reach the gate.
 *
 * @throws Error if a gateway has its own port or the adapter has another server
 */
export function assertGated(
  app: NestExpressApplication,
  gateways: readonly Gateway[],
  adapter: WebSocketAdapter,
  port: number,
): void {
  const open = gateways.find((gateway) => gateway.port === port && !gateway.isPublic);
  if (!open) return;
  if (port !== 0) {
    throw new Error(
      `${open.type.name} has its own port, where its clients cannot be authenticated. ` +
        'Remove the port from @WebSocketGateway(), or make the gateway @Public().',
    );
  }
  const { httpServer } = adapter as { httpServer?: unknown };
  if (adapter instanceof AbstractWsAdapter && httpServer !== app.getHttpServer()) {
    throw new Error('Pass the application to the WebSocket adapter: new WsAdapter(app).');
  }
}

/**
 * Runs the guards as if the gateway were a controller. Without a gateway, requires a token but no role. An example is
 * a WebSocket server that the application attached itself.
 */
export async function checkGateway(
  guards: GlobalGuards,
  type: 'http' | 'ws',
  args: object[],
  gateway: Gateway | undefined,
): Promise<void> {
  const target: Type = gateway?.type ?? Object;
  const context = new ExecutionContextHost(args, target, target);
  context.setType(type);
  await guards.run(context);
}

function isGateway(metatype: unknown): metatype is Type {
  return typeof metatype === 'function' && Reflect.getMetadata(GATEWAY_METADATA, metatype) === true;
}

function toGateway(type: Type, reflector: Reflector): Gateway {
  const port = (Reflect.getMetadata(PORT_METADATA, type) ?? 0) as number;
  const context = new ExecutionContextHost([], type, type);
  return {
    ...endpointOf((Reflect.getMetadata(GATEWAY_OPTIONS, type) ?? {}) as GatewayMetadata),
    type,
    port,
    isPublic: isPublic(reflector, context),
    rule: accessRuleOf(reflector, context),
  };
}

function sharesClients(a: Gateway, b: Gateway): boolean {
  return a.port === b.port && isSameEndpoint(a, b);
}

function hasSameAccess(a: Gateway, b: Gateway): boolean {
  return a.isPublic === b.isPublic && JSON.stringify(a.rule) === JSON.stringify(b.rule);
}
