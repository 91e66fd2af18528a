import type { ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import type { AccessClaims, Principal } from '../common/principal.js';
import { UnsupportedTransportError } from './http.errors.js';

/** A request with the fields that the guards add: `JwtAuthGuard` sets `claims`, `SessionGuard` sets `principal`. */
export interface GuardedRequest extends Request {
  claims?: AccessClaims;
  principal?: Principal;
}

/**
 * Returns the request that carries the access token.
 *
 * @throws UnsupportedTransportError for microservices, GraphQL and every other context that has none
 */
export function requestOf(context: ExecutionContext): GuardedRequest {
  // Not `switchToHttp()`, because it adds methods to the context on each call.
  if (context.getType() === 'http') return context.getArgByIndex<GuardedRequest>(0);
  throw new UnsupportedTransportError();
}
