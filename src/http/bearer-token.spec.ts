import type { IncomingMessage } from 'node:http';
import { bearerToken, sendsBearerToken } from './bearer-token.js';

/** Creates a request as Node parses it: `headers` has the first `Authorization` header, `rawHeaders` has all. */
function requestWith(...values: readonly string[]): IncomingMessage {
  const headers = values[0] === undefined ? {} : { authorization: values[0] };
  return { headers, rawHeaders: values.flatMap((value) => ['Authorization', value]) } as unknown as IncomingMessage;
}

describe('bearerToken', () => {
  it.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER abc', 'abc'],
    ['Bearer   abc', 'abc'],
    ['Bearer a.b-c_d~e+f/g==', 'a.b-c_d~e+f/g=='],
  ])('returns the token of %j', (value, token) => {
    expect(bearerToken(requestWith(value))).toBe(token);
  });

  it.each([
    ...['', 'Bearer', 'Bearer ', 'Bearerabc', 'Bearer: abc', 'Bearer\tabc', ' Bearer abc', 'Bearer abc ', 'Bearer a b'],
    ...[
      'Bearer a,b',
      'Bearer a, Bearer b',
      'Bearer "abc"',
      'Bearer =abc',
      'Bearer a=b',
      'Bearer abc\n',
      'Basic abc',
      'abc',
    ],
  ])('returns null for %j', (value) => {
    expect(bearerToken(requestWith(value))).toBeNull();
  });

  it('returns null without the header', () => {
    expect(bearerToken(requestWith())).toBeNull();
  });

  it('returns null for two identical headers', () => {
    expect(bearerToken(requestWith('Bearer abc', 'Bearer abc'))).toBeNull();
  });

  it('counts header names in any case and ignores other names of the same length', () => {
    const rawHeaders = [
      'Authentication',
      'x',
      'authorization',
      'Bearer abc',
      'Host',
      'a',
      'AUTHORIZATION',
      'Bearer abc',
    ];
    const headers = { authorization: 'Bearer abc' };
    expect(bearerToken({ headers, rawHeaders } as unknown as IncomingMessage)).toBeNull();
    expect(bearerToken({ headers, rawHeaders: rawHeaders.slice(0, 6) } as unknown as IncomingMessage)).toBe('abc');
  });
});

describe('sendsBearerToken', () => {
  it.each(['Bearer abc', 'bearer', 'Bearer', 'BEARER "x"', 'Bearer: x'])('returns true for %j', (value) => {
    expect(sendsBearerToken(requestWith(value))).toBe(true);
  });

  it.each(['', 'Basic abc', 'Bearerabc', 'Token Bearer'])('returns false for %j', (value) => {
    expect(sendsBearerToken(requestWith(value))).toBe(false);
  });

  it('returns false without the header', () => {
    expect(sendsBearerToken(requestWith())).toBe(false);
  });
});
