import { isIPv6 } from 'node:net';

const GROUPS = 8;
const NETWORK_GROUPS = 4;
/** Only addresses that start like this can contain an IPv4 address. */
const MAY_CONTAIN_IPV4 = /^(?:0{0,4}:|0{0,2}64:|2002:)/;
/**
 * Addresses of IPv4 clients behind a translator or tunnel: IPv4-mapped and IPv4-compatible (RFC 4291 §2.5.5, except `::`
 * and `::1`), translated (RFC 2765 §2.1), NAT64 (RFC 6052 §2.1), 6to4 (RFC 3056 §2).
 */
const CONTAINED_IPV4 = /^(?:64:ff9b:0:0:0:0|2002|0:0:0:0:ffff:0|0:0:0:0:0:(?:ffff|0(?!:0:[01]$))):(\w+):(\w+)/;

/**
 * Returns the network that counts as one client: the IPv4 address itself, or the /64 of an IPv6 address, because a /64
 * usually belongs to one customer (RFC 6177 §2). The result is valid PostgreSQL `inet` in one spelling, such as
 * `203.0.113.7` or `2001:db8:0:1::/64`.
 *
 * @param address an IP address without a port or zone, as in `Client`
 */
export function networkOf(address: string): string {
  const client = containedIPv4(address);
  return isIPv6(client) ? `${groupsOf(client).slice(0, NETWORK_GROUPS).join(':')}::/64` : client;
}

/**
 * Returns the IPv4 address that an IPv6 address contains, or the address itself. Do not compare the result with trusted
 * addresses, because anyone can embed one in an IPv6 address.
 */
export function containedIPv4(address: string): string {
  if (!MAY_CONTAIN_IPV4.test(address) || !isIPv6(address)) return address;
  const [, ...parts] = CONTAINED_IPV4.exec(groupsOf(address).join(':')) ?? [];
  const bytes = parts.map((part) => parseInt(part, 16)).flatMap((group) => [group >> 8, group & 255]);
  return bytes.length > 0 ? bytes.join('.') : address;
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
