import { isIP, isIPv6 } from 'node:net';
import type { Request } from 'express';
import type { Client } from '../common/client.js';
import { canonicalIPv6, containedIPv4 } from '../common/network.js';

/** Express's compiled `TRUST_PROXY`. `hop` is 0 for the peer of the connection. */
export type TrustProxy = (address: string, hop: number) => boolean;

/** Longer user agents are cut. Those of browsers have up to about 300 characters. */
const MAX_USER_AGENT_CHARACTERS = 512;

/** Returns the IP address and the user agent of a request. */
export function clientOf(request: Request): Client {
  return {
    ipAddress: request.ip ?? null,
    userAgent: request.headers['user-agent']?.slice(0, MAX_USER_AGENT_CHARACTERS) ?? null,
  };
}

/**
 * Returns the IP address of the client: the last one in `X-Forwarded-For` that is not a trusted proxy. If an entry is not
 * an IP address, returns that of the proxy that added it.
 */
export function clientAddress({ app, headers, socket }: Request): string | null {
  let address = plainAddress(socket.remoteAddress);
  const forwarded = headers['x-forwarded-for'];
  if (typeof forwarded === 'string') {
    const trusts = app.get('trust proxy fn') as TrustProxy;
    const entries = forwarded.split(',').filter((entry) => entry.trim() !== '');
    for (let hop = 0; address !== null && hop < entries.length && trusts(address, hop); hop += 1) {
      const next = forwardedAddress(entries.at(-1 - hop) ?? '');
      if (next === null) break;
      address = next;
    }
  }
  return address === null ? null : containedIPv4(address);
}

/** Parses an entry of `X-Forwarded-For`. Some proxies add the port, brackets or quotes. */
function forwardedAddress(entry: string): string | null {
  const text = entry.trim().replace(/^"(.*)"$/, '$1');
  const [, ipv6, ipv4] = /^(?:\[([^\]]+)\]|([\d.]+))(?::\d{1,5})?$/.exec(text) ?? [];
  return plainAddress(ipv6 ?? ipv4 ?? text);
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
