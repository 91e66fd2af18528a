import { isIPv6 } from 'node:net';

const GROUPS = 8;
const NETWORK_GROUPS = 4;

/**
 * Returns the network that counts as one client: the IPv4 address itself, or the /64 of an IPv6 address, because a /64
 * usually belongs to one customer (RFC 6177 §2). The result is valid PostgreSQL `inet` in one spelling, such as
 * `203.0.113.7` or `2001:db8:0:1::/64`.
 *
 * @param address an IP address without a port or zone, as in `Client`
 */
export function networkOf(address: string): string {
  return isIPv6(address) ? `${groupsOf(address).slice(0, NETWORK_GROUPS).join(':')}::/64` : address;
}

/** Returns an IPv6 address in canonical form (RFC 5952): no leading zeros, lower case, no dots. */
export function canonicalIPv6(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

function groupsOf(address: string): string[] {
  const [head = [], tail = []] = canonicalIPv6(address)
    .split('::')
    .map((part) => part.split(':').filter(Boolean));
  return [...head, ...Array<string>(GROUPS - head.length - tail.length).fill('0'), ...tail];
}
