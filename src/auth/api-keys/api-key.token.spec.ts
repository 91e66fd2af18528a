import { crc32 } from 'node:zlib';
import { newId } from '../../common/id.js';
import { parseRefreshToken } from '../../sessions/refresh-token.js';
import { ApiKeyTokens, isApiKey } from './api-key.token.js';

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

describe('an API key', () => {
  const tokens = new ApiKeyTokens('a'.repeat(32));
  const claims = { userId: newId(), sessionId: newId() };
  const key = tokens.issue(claims);

  it('contains its session and user', () => {
    expect(key).toMatch(/^ghk_[A-Za-z0-9_-]{87}[A-Za-z0-9]{6}$/);
    expect(isApiKey(key)).toBe(true);
    expect(tokens.verify(key)).toMatchObject(claims);
  });

  it('has a fixed checksum, so that scanners recognize it', () => {
    const fixed = new ApiKeyTokens('secret').issue({
      userId: '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60',
      sessionId: '0198c5f2-7a11-7d94-8e0c-3b6d2f9a4c15',
    });
    expect(fixed).toBe(
      'ghk_AQGYxfJ6EX2Ujgw7bS-aTBUBmMXybwp8Pp0rWk97HI5gqafCHlk8I6O3ue0nd20Yv3eNXN15s12Q-8vRmut_rKE4RiZt1',
    );
  });

  it('is rejected with any other character anywhere', () => {
    const changed = [...key].flatMap((_, at) =>
      [...BASE64URL].map((other) => key.slice(0, at) + other + key.slice(at + 1)),
    );
    expect(changed.filter((text) => tokens.verify(text) !== null && text !== key)).toEqual([]);
  });

  it('is rejected if it is truncated, extended, padded or in another case', () => {
    for (let length = 0; length < key.length; length += 1) expect(tokens.verify(key.slice(0, length))).toBeNull();
    const others = [`${key}A`, `${key}=`, ` ${key}`, `${key}\n`, key.toUpperCase(), key.toLowerCase(), key + key];
    for (const other of others) expect([other, tokens.verify(other)]).toEqual([other, null]);
  });

  it('is rejected with stray bits, although its checksum is correct', () => {
    // The last character of the base64url part has two bits that the decoder ignores.
    const last = BASE64URL.indexOf(key.at(-7) ?? '');
    expect(last % 4).toBe(0);
    const body = `${key.slice('ghk_'.length, -7)}${BASE64URL[last + 1]}`;
    expect(tokens.verify(withChecksum(body))).toBeNull();
  });

  it('is rejected if it is forged with a correct checksum', () => {
    const forged = new ApiKeyTokens('b'.repeat(32)).issue(claims);
    expect(tokens.verify(forged)).toBeNull();
  });

  it('of a previous secret remains valid', () => {
    const rotated = new ApiKeyTokens('b'.repeat(32), ['a'.repeat(32)]);
    expect(rotated.verify(key)).toMatchObject(claims);
    expect(rotated.issue(claims)).not.toBe(key);
  });

  it('is not a refresh token', () => {
    expect(parseRefreshToken(key)).toBeNull();
    expect(parseRefreshToken(key.slice('ghk_'.length, -6))).toBeNull();
  });
});

/** Returns a key with the correct checksum of another body. */
function withChecksum(body: string): string {
  let rest = crc32(body);
  const digits = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
  let checksum = '';
  for (let i = 0; i < 6; i += 1, rest = Math.floor(rest / 62)) checksum = (digits[rest % 62] ?? '') + checksum;
  return `ghk_${body}${checksum}`;
}
