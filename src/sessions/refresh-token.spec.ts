import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { issueVersion1 } from '../../test/support/old-refresh-token.js';
import { newId } from '../common/id.js';
import { parseRefreshToken, RefreshTokens, type PresentedRefreshToken } from './refresh-token.js';

const secret = randomBytes(32);
const tokens = new RefreshTokens(secret);
const newSession = () => ({ id: newId(), userId: newId(), refreshSalt: randomBytes(32) });

function parse(text: string): PresentedRefreshToken {
  const token = parseRefreshToken(text);
  if (!token) throw new Error('Malformed refresh token.');
  return token;
}

describe('a refresh token', () => {
  it('consists of version, session ID, counter, user ID and HMAC', () => {
    const session = newSession();
    const head = Buffer.alloc(37);
    head.writeUInt8(2, 0);
    head.write(session.id.replaceAll('-', ''), 1, 'hex');
    head.writeUInt32BE(258, 17);
    head.write(session.userId.replaceAll('-', ''), 21, 'hex');
    const key = Buffer.from(hkdfSync('sha256', secret, session.refreshSalt, 'gatehouse refresh token v1', 32));
    const mac = createHmac('sha256', key).update(head).digest();
    expect(tokens.issue(session, 258)).toBe(Buffer.concat([head, mac]).toString('base64url'));
  });

  it('contains its session ID, counter and user ID', () => {
    const session = newSession();
    const expected = { sessionId: session.id, counter: 2 ** 31 - 1, userId: session.userId };
    expect(parse(tokens.issue(session, 2 ** 31 - 1))).toMatchObject(expected);
  });

  it('of version 1 is authentic and has no user ID', () => {
    const session = newSession();
    const token = parse(issueVersion1(secret, session, 258));
    expect(token).toMatchObject({ sessionId: session.id, counter: 258, userId: null });
    expect(tokens.isAuthentic(token, session)).toBe(true);
    expect(tokens.isAuthentic(token, newSession())).toBe(false);
  });

  it('is identical for the same counter and different for the next one', () => {
    const session = newSession();
    expect(tokens.issue(session, 7)).toBe(tokens.issue(session, 7));
    expect(tokens.issue(session, 7)).not.toBe(tokens.issue(session, 8));
  });

  it('is authentic for its own session', () => {
    const session = newSession();
    expect(tokens.isAuthentic(parse(tokens.issue(session, 3)), session)).toBe(true);
  });

  it('is not authentic if any bit is changed', () => {
    const session = newSession();
    const bytes = Buffer.from(tokens.issue(session, 3), 'base64url');
    const passed = Array.from({ length: bytes.length * 8 }, (_, bit) => bit).filter((bit) => {
      const changed = Buffer.from(bytes);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      const token = parseRefreshToken(changed.toString('base64url'));
      return token !== null && tokens.isAuthentic(token, session);
    });
    expect(passed).toEqual([]);
  });

  it('is not authentic for the same session ID with another salt', () => {
    const session = newSession();
    const twin = { ...session, refreshSalt: randomBytes(32) };
    expect(tokens.isAuthentic(parse(tokens.issue(session, 3)), twin)).toBe(false);
  });

  it('is not authentic with another secret', () => {
    const session = newSession();
    const foreign = new RefreshTokens(randomBytes(32)).issue(session, 3);
    expect(tokens.isAuthentic(parse(foreign), session)).toBe(false);
  });

  it('is authentic under a previous secret, and its successor uses the current one', () => {
    const session = newSession();
    const renewed = new RefreshTokens(randomBytes(32), [randomBytes(32), secret]);
    expect(renewed.isAuthentic(parse(tokens.issue(session, 3)), session)).toBe(true);
    expect(tokens.isAuthentic(parse(renewed.issue(session, 4)), session)).toBe(false);
  });

  describe('has one spelling', () => {
    const spellings: readonly [string, (token: string) => string][] = [
      ['no characters', () => ''],
      ['padding', (token) => `${token}=`],
      ['a leading space', (token) => ` ${token}`],
      ['a trailing line break', (token) => `${token}\n`],
      ['one character too many', (token) => `${token}A`],
      ['one character too few', (token) => token.slice(0, -1)],
      ['a character outside the alphabet', (token) => `${token.slice(0, 5)}!${token.slice(5)}`],
      ['its bytes in hexadecimal', (token) => Buffer.from(token, 'base64url').toString('hex')],
      ['version 0', (token) => `AA${token.slice(2)}`],
      ['version 1', (token) => `AQ${token.slice(2)}`],
      ['version 3', (token) => `Aw${token.slice(2)}`],
    ];

    it.each(spellings)('and is malformed with %s', (_, spell) => {
      const token = tokens.issue(newSession(), 0);
      expect(parseRefreshToken(token)).not.toBeNull();
      expect(parseRefreshToken(spell(token))).toBeNull();
    });

    it('and is malformed in version 1 with stray bits at the end', () => {
      const token = issueVersion1(secret, newSession(), 0);
      expect(parseRefreshToken(token)).not.toBeNull();
      expect(parseRefreshToken(token.slice(0, -1) + String.fromCharCode(token.charCodeAt(70) + 1))).toBeNull();
    });

    it('and is malformed in plain base64', () => {
      const session = newSession();
      const counters = Array.from({ length: 100 }, (_, counter) => counter);
      const token = counters.map((counter) => tokens.issue(session, counter)).find((text) => text.includes('-')) ?? '';
      expect(parseRefreshToken(token)).not.toBeNull();
      expect(parseRefreshToken(token.replaceAll('-', '+').replaceAll('_', '/'))).toBeNull();
    });
  });
});
