import { describeDevice } from './device-name.js';

const WINDOWS = 'Mozilla/5.0 (Windows NT 10.0; Win64; x64)';

describe('describeDevice', () => {
  it('returns the name that the client sent', () => {
    expect(describeDevice('Ada’s laptop', `${WINDOWS} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0`)).toBe(
      'Ada’s laptop',
    );
  });

  it.each([
    [
      'Chrome on macOS',
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36',
    ],
    ['Firefox on Windows', 'Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0'],
    [
      'Safari on iOS',
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1',
    ],
    [
      'Chrome on Android',
      'Mozilla/5.0 (Linux; Android 16; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36',
    ],
    [
      'Microsoft Edge on Windows',
      `${WINDOWS} AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36 Edg/141.0.0.0`,
    ],
    ['Firefox on Linux', 'Mozilla/5.0 (X11; Linux x86_64; rv:143.0) Gecko/20100101 Firefox/143.0'],
  ])('derives %s from the user agent', (name, userAgent) => {
    expect(describeDevice(null, userAgent)).toBe(name);
  });

  it.each([
    ['curl', 'curl/8.5.0'],
    ['GatehouseApp', 'GatehouseApp/2.1 build 7'],
    ['a'.repeat(40), `${'a'.repeat(500)}/1.0`],
  ])('returns the product if the client is not a browser: %s', (name, userAgent) => {
    expect(describeDevice(null, userAgent)).toBe(name);
  });

  it.each([
    ['missing', null],
    ['empty', ''],
  ])('returns a default if the user agent is %s', (_, userAgent) => {
    expect(describeDevice(null, userAgent)).toBe('Unknown device');
  });

  it.each([
    '/',
    '((((',
    ' ',
    '\\',
    '__proto__',
    'constructor',
    '%00',
    '💻',
    '<script>alert(1)</script>',
    'a'.repeat(512),
  ])('returns a short, non-empty name for the odd user agent %j', (userAgent) => {
    const name = describeDevice(null, userAgent);
    expect(name.length).toBeGreaterThan(0);
    expect(name.length).toBeLessThanOrEqual(80);
  });
});
