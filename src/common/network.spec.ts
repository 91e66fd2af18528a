import { networkOf } from './network.js';

describe('the network that counts as one client', () => {
  it.each([
    ['an IPv4 address is one by itself', '203.0.113.7', '203.0.113.7'],
    ['an IPv6 address stands for its /64', '2001:db8:a:b:c:d:e:f', '2001:db8:a:b::/64'],
    ['whatever is left out in the middle', '2001:db8::1', '2001:db8:0:0::/64'],
    ['at the beginning', '::1', '0:0:0:0::/64'],
    ['or at the end', '2001:db8:a:b::', '2001:db8:a:b::/64'],
    ['however it is spelled', '2001:0DB8:000A:b:0:0:192.0.2.1', '2001:db8:a:b::/64'],
  ])('%s: %s', (_, address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  it('is another one for the next /64', () => {
    expect(networkOf('2001:db8:a:b::1')).not.toBe(networkOf('2001:db8:a:c::1'));
  });
});
