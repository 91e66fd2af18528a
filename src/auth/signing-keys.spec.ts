import { createHash, createSecretKey } from 'node:crypto';
import { parseEnvironment } from '../config/env.js';
import { SigningKeys } from './signing-keys.js';

const SECRET = 'kR7vXq2mZt9LwB4nYc8HsG1dFp6JxAeU';
const PREVIOUS = 'uW3nYb6QkT9sLrX1vMzD4hEa8cGfJp2Z';

const keysOf = (secret: string, ...previous: readonly string[]) =>
  new SigningKeys(parseEnvironment({ NODE_ENV: 'test', JWT_SECRET: secret, JWT_PREVIOUS_SECRETS: previous.join(',') }));
const tokenWith = (header: object) => `${Buffer.from(JSON.stringify(header)).toString('base64url')}.e30.AAAA`;
const headerOf = (keys: SigningKeys) => ({ alg: 'HS256', typ: 'JWT', kid: keys.current.id });

describe('signing keys', () => {
  it('sign with the secret itself', () => {
    expect(keysOf(SECRET).current.key.equals(createSecretKey(SECRET, 'utf8'))).toBe(true);
  });

  it('have the same id on every instance, and another one for another secret', () => {
    expect(keysOf(SECRET).current.id).toBe(keysOf(SECRET, PREVIOUS).current.id);
    expect(keysOf(SECRET).current.id).not.toBe(keysOf(PREVIOUS).current.id);
  });

  it('have an id that is no plain hash of the secret, which a dictionary could look up', () => {
    const digests = ['sha1', 'sha256', 'sha512'].map((name) => createHash(name).update(SECRET).digest('base64url'));
    expect(keysOf(SECRET).current.id).toMatch(/^[\w-]{12}$/);
    expect(digests.filter((digest) => digest.includes(keysOf(SECRET).current.id))).toEqual([]);
  });

  it('verify a token of theirs', () => {
    const keys = keysOf(SECRET);
    expect(keys.forToken(tokenWith(headerOf(keys)))).toBe(keys.current.key);
  });

  it('verify a token of a previous secret with that secret', () => {
    const keys = keysOf(SECRET, PREVIOUS);
    const key = keys.forToken(tokenWith(headerOf(keysOf(PREVIOUS))));
    expect(key?.equals(createSecretKey(PREVIOUS, 'utf8'))).toBe(true);
  });

  it('do not know a token of a secret that was never named', () => {
    expect(keysOf(SECRET).forToken(tokenWith(headerOf(keysOf(PREVIOUS))))).toBeNull();
  });

  const others: readonly [string, (header: ReturnType<typeof headerOf>) => object][] = [
    ['another algorithm', (header) => ({ ...header, alg: 'none' })],
    ['no kid', ({ alg, typ }) => ({ alg, typ })],
    ['a key of its own', (header) => ({ ...header, jwk: {} })],
    ['its fields in another order', ({ alg, typ, kid }) => ({ kid, typ, alg })],
  ];

  it.each(others)('do not know a token whose header has %s', (_, change) => {
    const keys = keysOf(SECRET);
    expect(keys.forToken(tokenWith(change(headerOf(keys))))).toBeNull();
  });

  it.each(['', '.', 'a', 'a.b', '..', '__proto__.a.b', 'constructor.a.b'])('do not know %j', (token) => {
    expect(keysOf(SECRET).forToken(token)).toBeNull();
  });
});
