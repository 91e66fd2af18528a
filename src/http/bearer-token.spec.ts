import type { IncomingMessage } from 'node:http';
import { bearerToken, sendsBearerToken } from './bearer-token.js';

/** A request as Node's parser leaves it: it keeps the first of several `Authorization` headers, and all that came. */
function requestWith(...values: readonly string[]): IncomingMessage {
  const headers = values[0] === undefined ? {} : { authorization: values[0] };
  return { headers, rawHeaders: values.flatMap((value) => ['Authorization', value]) } as unknown as IncomingMessage;
}

describe('the bearer token of a request', () => {
  it.each([
    ['Bearer abc', 'abc'],
    ['bearer abc', 'abc'],
    ['BEARER abc', 'abc'],
    ['Bearer   abc', 'abc'],
    ['Bearer a.b-c_d~e+f/g==', 'a.b-c_d~e+f/g=='],
  ])('is what follows the scheme in %j', (value, token) => {
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
  ])('is none in %j', (value) => {
    expect(bearerToken(requestWith(value))).toBeNull();
  });

  it('is none without the header', () => {
    expect(bearerToken(requestWith())).toBeNull();
  });

  it('is none with the header twice, even if both say the same', () => {
    expect(bearerToken(requestWith('Bearer abc', 'Bearer abc'))).toBeNull();
  });

  it('is none with the header twice in different cases, among others of its length', () => {
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

describe('a request tries to use a bearer token', () => {
  it.each(['Bearer abc', 'bearer', 'Bearer', 'BEARER "x"', 'Bearer: x'])('with %j', (value) => {
    expect(sendsBearerToken(requestWith(value))).toBe(true);
  });

  it.each(['', 'Basic abc', 'Bearerabc', 'Token Bearer'])('not with %j', (value) => {
    expect(sendsBearerToken(requestWith(value))).toBe(false);
  });

  it('not without the header', () => {
    expect(sendsBearerToken(requestWith())).toBe(false);
  });
});
