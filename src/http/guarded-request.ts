import type { ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import type { AccessClaims, Principal, RequestSession } from '../common/principal.js';
import { UnsupportedTransportError } from './http.errors.js';
import type { AccessRule } from './roles.decorator.js';

/**
 * A request with the fields that the guards add: `JwtAuthGuard` sets `claims`, `SessionGuard` sets `principal` and
 * `session`, and `AccessGuard` sets `accessRule` or `assertAccess`.
 */
export interface GuardedRequest extends Request {
  claims?: AccessClaims;
  principal?: Principal;
  session?: RequestSession;
  accessRule?: AccessRule;
  /**
   * Applies the rules of a public route to a session that `AuthGuard('jwt')` has found. Throws the error of the first
   * rule that rejects it.
   */
  assertAccess?: (session: RequestSession) => void;
  /** The refresh token in the cookie that this sign-in replaces. `TokenDeliveryInterceptor` sets it. */
  replacedToken?: string | undefined;
  /** Why `checkHead`, the `HandshakeGate` or the `ConnectionLimit` rejected the request. */
  rejection?: unknown;
}

/** The handshakes of upgraded connections, by socket. */
const handshakes = new WeakMap<object, GuardedRequest>();

/** Stores the handshake of a socket for `handshakeOf`. */
export function rememberHandshake(socket: object, request: GuardedRequest): void {
  handshakes.set(socket, request);
}

/**
 * Returns the request that carries the access token. For a WebSocket message, this is the handshake.
 *
 * @throws UnsupportedTransportError for contexts without such a request, such as microservices and GraphQL
 */
export function requestOf(context: ExecutionContext): GuardedRequest {
  const request = findRequest(context);
  if (!request) throw new UnsupportedTransportError();
  return request;
}

/** Returns the request of a context, or `undefined` if it has none. */
export function findRequest(context: ExecutionContext): GuardedRequest | undefined {
  const type = context.getType();
  // Not `switchToHttp()`, because it adds methods to the context on each call.
  if (type === 'http') return context.getArgByIndex<GuardedRequest>(0);
  return type === 'ws' ? handshakeOf(context.getArgByIndex<object>(0)) : undefined;
}

/** Returns the handshake of a client. A client of `ws` has the socket, and one of socket.io has the request. */
export function handshakeOf(client: object): GuardedRequest | undefined {
  const { request, _socket: socket } = client as { request?: GuardedRequest; _socket?: object | null };
  return request ?? (socket ? handshakes.get(socket) : undefined);
}
