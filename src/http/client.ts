import { isIP, isIPv6 } from 'node:net';
import type { Request } from 'express';
import type { Client } from '../common/client.js';
import { canonicalIPv6 } from '../common/network.js';

/** Longer user agents are cut. Those of browsers have up to about 300 characters. */
const MAX_USER_AGENT_CHARACTERS = 512;

/** Returns the IP address and the user agent of a request. */
export function clientOf(request: Request): Client {
  return {
    ipAddress: plainAddress(request.ip) ?? plainAddress(request.socket.remoteAddress),
    userAgent: request.headers['user-agent']?.slice(0, MAX_USER_AGENT_CHARACTERS) ?? null,
  };
}

/**
 * Returns an IP address as PostgreSQL's `inet` accepts it: without a zone, and with IPv4-mapped addresses as IPv4. Returns
 * null for anything else.
 */
export function plainAddress(address: string | undefined): string | null {
  const bare = address?.replace(/%.*$/, '') ?? '';
  const plain = /ffff:/i.test(bare) && isIPv6(bare) ? unmapped(bare) : bare;
  return isIP(plain) ? plain : null;
}

/** Converts an IPv4-mapped IPv6 address to IPv4 (RFC 4291 §2.5.5.2). Returns other addresses unchanged. */
function unmapped(address: string): string {
  // A fast path for the form that Node uses. Addresses from headers may have other forms.
  const dotted = /^::ffff:([\d.]+)$/i.exec(address)?.[1];
  if (dotted !== undefined) return dotted;
  const [, high, low] = /^::ffff:([0-9a-f]+):([0-9a-f]+)$/.exec(canonicalIPv6(address)) ?? [];
  if (high === undefined || low === undefined) return address;
  return [high, low].flatMap((group) => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255]).join('.');
}
