import { plainAddress } from './client.js';

describe('plainAddress', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::FFFF:203.0.113.7', '203.0.113.7'],
    ['::ffff:cb00:7107', '203.0.113.7'],
    ['0:0:0:0:0:ffff:203.0.113.7', '203.0.113.7'],
    ['::1', '::1'],
    ['::1:ffff:cb00:7107', '::1:ffff:cb00:7107'],
    ['2001:db8::7', '2001:db8::7'],
    ['fe80::1%eth0', 'fe80::1'],
    ['fe80::1%', 'fe80::1'],
  ])('converts %s to %s', (address, plain) => {
    expect(plainAddress(address)).toBe(plain);
  });

  it.each([
    undefined,
    '',
    ' ',
    'unknown',
    'localhost',
    '1.2.3',
    '999.1.1.1',
    '01.2.3.4',
    '1.2.3.4:80',
    '[::1]',
    '1.2.3.4/8',
    '::ffff:999.1.1.1',
    "1.2.3.4'--",
    '1.2.3.4\n',
    '_hidden',
    '%eth0',
  ])('returns null for %j, which is not an IP address', (address) => {
    expect(plainAddress(address)).toBeNull();
  });
});
