import { isIPv6 } from 'node:net';

const GROUPS = 8;
const GROUPS_OF_A_NETWORK = 4;

/**
 * The network that counts as one client: an IPv4 address by itself, an IPv6 address with its /64, all of which
 * belongs to whoever has the address (RFC 6177 §2).
 *
 * @param address a plain address, as `Client` has it
 * @returns in one spelling, as PostgreSQL's `inet` takes it: `203.0.113.7`, `2001:db8:0:1::/64`
 */
export function networkOf(address: string): string {
  return isIPv6(address) ? `${groupsOf(address).slice(0, GROUPS_OF_A_NETWORK).join(':')}::/64` : address;
}

/** An IPv6 address by its canonical name (RFC 5952): no leading zeros, lower case, no dots. */
export function canonicalIPv6(address: string): string {
  return new URL(`http://[${address}]`).hostname.slice(1, -1);
}

function groupsOf(address: string): string[] {
  const [head = [], tail = []] = canonicalIPv6(address)
    .split('::')
    .map((part) => part.split(':').filter(Boolean));
  return [...head, ...Array<string>(GROUPS - head.length - tail.length).fill('0'), ...tail];
}
