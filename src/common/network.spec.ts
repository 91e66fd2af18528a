import { networkOf } from './network.js';

describe('networkOf', () => {
  it.each([
    ['an IPv4 address itself', '203.0.113.7', '203.0.113.7'],
    ['the /64 of an IPv6 address', '2001:db8:a:b:c:d:e:f', '2001:db8:a:b::/64'],
    ['the /64 with zeros omitted in the middle', '2001:db8::1', '2001:db8:0:0::/64'],
    ['the /64 with zeros omitted at the start', '::1', '0:0:0:0::/64'],
    ['the /64 with zeros omitted at the end', '2001:db8:a:b::', '2001:db8:a:b::/64'],
    ['the /64 of another spelling', '2001:0DB8:000A:b:0:0:192.0.2.1', '2001:db8:a:b::/64'],
    ['the IPv4 address of a NAT64 address', '64:ff9b::cb00:7107', '203.0.113.7'],
    ['the IPv4 address of a NAT64 address with dots', '64:FF9B:0::203.0.113.7', '203.0.113.7'],
    ['the /64 beside NAT64', '64:ff9b:0:0:1::cb00:7107', '64:ff9b:0:0::/64'],
    ['the IPv4 address of a 6to4 network', '2002:cb00:7107:a:b:c:d:e', '203.0.113.7'],
    ['the IPv4 address of an IPv4-mapped address', '::ffff:cb00:7107', '203.0.113.7'],
    ['the IPv4 address of an IPv4-translated address', '::ffff:0:203.0.113.7', '203.0.113.7'],
    ['the IPv4 address of an IPv4-compatible address', '0:0:0:0:0:0:cb00:7107', '203.0.113.7'],
    ['the /64 of the unspecified address', '::', '0:0:0:0::/64'],
  ])('returns %s: %s', (_, address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  it('returns different networks for adjacent /64 networks', () => {
    expect(networkOf('2001:db8:a:b::1')).not.toBe(networkOf('2001:db8:a:c::1'));
  });
});
