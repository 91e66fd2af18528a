import { isIP, isIPv6 } from 'node:net';
import type { Request } from 'express';
import type { Client } from '../common/client.js';
import { canonicalIPv6 } from '../common/network.js';

/** How much of a user agent is kept. The longest of real browsers have about 300 characters. */
const MAX_USER_AGENT = 512;

/** Where a request came from. */
export function clientOf(request: Request): Client {
  return {
    ipAddress: plainAddress(request.ip) ?? plainAddress(request.socket.remoteAddress),
    userAgent: request.headers['user-agent']?.slice(0, MAX_USER_AGENT) ?? null,
  };
}

/** An address as PostgreSQL's `inet` takes it: no IPv4 in IPv6 clothes, no zone, nothing that is no address. */
export function plainAddress(address: string | undefined): string | null {
  const bare = address?.replace(/%.*$/, '') ?? '';
  const plain = /ffff:/i.test(bare) && isIPv6(bare) ? unmapped(bare) : bare;
  return isIP(plain) ? plain : null;
}

/** The IPv4 address that an IPv6 address stands for (RFC 4291 §2.5.5.2), or the address itself. */
function unmapped(address: string): string {
  // As Node writes it, for each request to a server that listens on both. What clients write may be in any form.
  const dotted = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (dotted !== undefined) return dotted;
  const [, high, low] = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(canonicalIPv6(address)) ?? [];
  if (high === undefined || low === undefined) return address;
  return [high, low].flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255]).join('.');
}
