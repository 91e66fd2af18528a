import { isIP } from 'node:net';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import type { Client } from '../client.js';

/** How much of a user agent is kept. The longest of real browsers have about 300 characters. */
const MAX_USER_AGENT = 512;

/** Where the current request came from. */
export const FromClient = createParamDecorator((_: unknown, context: ExecutionContext): Client =>
  clientOf(context.switchToHttp().getRequest<Request>()),
);

/** Where a request came from. */
export function clientOf(request: Request): Client {
  return {
    ipAddress: plainAddress(request.ip) ?? plainAddress(request.socket.remoteAddress),
    userAgent: request.headers['user-agent']?.slice(0, MAX_USER_AGENT) ?? null,
  };
}

/** An address as PostgreSQL's `inet` takes it: no IPv4 in IPv6 clothes, no zone, nothing that is no address. */
export function plainAddress(address: string | undefined): string | null {
  const plain = address?.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '') ?? '';
  return isIP(plain) ? plain : null;
}
