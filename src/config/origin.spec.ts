import { isOriginPattern, matchesOrigin } from './origin.js';

describe('isOriginPattern', () => {
  it.each([
    'https://app.example.com',
    'http://localhost:5173',
    'https://[::1]:8080',
    'https://*.example.com',
    'https://*.app.example.com:8443',
    'http://*.localhost:3000',
    'capacitor://localhost',
    'ionic://localhost',
    'tauri://localhost',
    'app://my-app.local:80',
    'chrome-extension://abcdefghijklmnopabcdefghijklmnop',
    'moz-extension://5b0e1c4a-2f6d-4a53-9d0e-3f1c2b4a5d6e',
    'safari-web-extension://5B0E1C4A-2F6D-4A53-9D0E-3F1C2B4A5D6E',
  ])('accepts %s', (text) => {
    expect(isOriginPattern(text)).toBe(true);
  });

  it.each([
    '*',
    'null',
    'app.example.com',
    '*.example.com',
    'https://',
    'https://*',
    'https://*.',
    'https://*.com',
    'https://*.com:443',
    'https://*example.com',
    'https://a.*.example.com',
    'https://*.*.example.com',
    'https://**.example.com',
    'https://*.example.*',
    'https://*.0.0.1',
    'https://*.example.com/',
    'https://*.example.com:443',
    'https://*.example.com:*',
    'https://*.Example.com',
    'https://*.exämple.com',
    'https://user@app.example.com',
    'https://app.example.com/',
    'https://app.example.com:443',
    'HTTPS://app.example.com',
    'ftp://app.example.com',
    'ws://app.example.com',
    'file://localhost',
    'javascript://localhost',
    'capacitor://',
    'capacitor://localhost/',
    'capacitor://*',
    'chrome-extension://*',
    'Capacitor://localhost',
  ])('rejects %s', (text) => {
    expect(isOriginPattern(text)).toBe(false);
  });
});

describe('matchesOrigin', () => {
  it.each([
    ['https://app.example.com', 'https://app.example.com'],
    ['https://*.example.com', 'https://tenant-1.example.com'],
    ['https://*.example.com', 'https://xn--exmple-cua.example.com'],
    ['https://*.example.com:8443', 'https://a.example.com:8443'],
    ['https://[::1]:8080', 'https://[::1]:8080'],
    ['capacitor://localhost', 'capacitor://localhost'],
  ])('accepts for the pattern %s: %s', (pattern, origin) => {
    expect(matchesOrigin(pattern, origin)).toBe(true);
  });

  it.each([
    ['https://app.example.com', 'https://appxexample.com'],
    ['https://app.example.com', 'https://app.example.com.evil.com'],
    ['https://*.example.com', 'https://example.com'],
    ['https://*.example.com', 'https://.example.com'],
    ['https://*.example.com', 'https://a.b.example.com'],
    ['https://*.example.com', 'https://evil.com/.example.com'],
    ['https://*.example.com', 'https://evil.com?.example.com'],
    ['https://*.example.com', 'https://evil.com#.example.com'],
    ['https://*.example.com', 'https://evil.com\\.example.com'],
    ['https://*.example.com', 'https://user@a.example.com'],
    ['https://*.example.com', 'https://a.example.com.evil.com'],
    ['https://*.example.com', 'https://evil-example.com'],
    ['https://*.example.com', 'https://a.examplexcom'],
    ['https://*.example.com', 'https://a.example.com:444'],
    ['https://*.example.com', 'http://a.example.com'],
    ['https://*.example.com', 'https://A.EXAMPLE.COM'],
    ['https://*.example.com', 'https://a.example.com\nhttps://evil.com'],
    ['https://*.example.com', 'https://*.example.com'],
    ['https://*.example.com', 'null'],
    ['capacitor://localhost', 'ionic://localhost'],
    ['capacitor://localhost', 'capacitor://localhost.evil.com'],
  ])('rejects for the pattern %s: %j', (pattern, origin) => {
    expect(matchesOrigin(pattern, origin)).toBe(false);
  });
});
