import { createHash, createSecretKey } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK } from 'jose';
import { newKeyPair } from '../../../test/support/key-pairs.js';
import { parseEnvironment } from '../../config/env.js';
import { KeyRing } from './key-ring.js';

const SECRET = 'kR7vXq2mZt9LwB4nYc8HsG1dFp6JxAeU';
const PREVIOUS = 'uW3nYb6QkT9sLrX1vMzD4hEa8cGfJp2Z';

const pair = newKeyPair('ES256');
const nextPair = newKeyPair('RS256');

const keysFrom = (env: Readonly<Record<string, string>>) =>
  new KeyRing(parseEnvironment({ NODE_ENV: 'test', JWT_SECRET: SECRET, ...env }));
const keysOf = (secret: string, ...previous: readonly string[]) =>
  new KeyRing(parseEnvironment({ NODE_ENV: 'test', JWT_SECRET: secret, JWT_PREVIOUS_SECRETS: previous.join(',') }));
const tokenWith = (header: object) => `${Buffer.from(JSON.stringify(header)).toString('base64url')}.e30.AAAA`;
const headerOf = (keys: KeyRing) => ({ alg: keys.current.algorithm, typ: 'JWT', kid: keys.current.id });

describe('signing keys', () => {
  it('sign with the secret itself', () => {
    expect(keysOf(SECRET).current.signer.equals(createSecretKey(SECRET, 'utf8'))).toBe(true);
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
    expect(keys.forToken(tokenWith(headerOf(keys)))).toBe(keys.current.verifier);
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

  it.each([
    ['ES256', pair],
    ['RS256', nextPair],
  ])('sign by %s with a private key, whose id is its thumbprint, and verify with the public half', async (alg, own) => {
    const keys = keysFrom({ JWT_PRIVATE_KEY: own.privatePem });
    const id = await calculateJwkThumbprint(await exportJWK(own.publicKey));
    expect([keys.current.algorithm, keys.current.id, keys.algorithms]).toEqual([alg, id, [alg]]);
    expect(keys.current.signer.equals(own.privateKey)).toBe(true);
    expect(keys.forToken(tokenWith(headerOf(keys)))?.equals(own.publicKey)).toBe(true);
  });

  it('no longer verify a token of the secret once a private key signs', () => {
    const keys = keysFrom({ JWT_PRIVATE_KEY: pair.privatePem });
    expect(keys.forToken(tokenWith(headerOf(keysOf(SECRET))))).toBeNull();
  });

  it('verify it where the secret is named among the previous ones', () => {
    const keys = keysFrom({ JWT_PRIVATE_KEY: pair.privatePem, JWT_PREVIOUS_SECRETS: SECRET });
    expect(keys.forToken(tokenWith(headerOf(keysOf(SECRET))))?.equals(createSecretKey(SECRET, 'utf8'))).toBe(true);
    expect(keys.algorithms).toEqual(['ES256', 'HS256']);
  });

  it('verify with key pairs that do not sign, each once', () => {
    const others = `${pair.privatePem}${nextPair.publicPem}${pair.publicPem}`;
    const keys = keysFrom({ JWT_PRIVATE_KEY: pair.privatePem, JWT_VERIFICATION_KEYS: others });
    const next = keysFrom({ JWT_PRIVATE_KEY: nextPair.privatePem });
    expect(keys.all.map(({ id }) => id)).toEqual([keys.current.id, next.current.id]);
    expect(keys.forToken(tokenWith(headerOf(next)))?.equals(nextPair.publicKey)).toBe(true);
  });

  it('do not know a token that says another algorithm than its key has', () => {
    const keys = keysFrom({ JWT_PRIVATE_KEY: pair.privatePem, JWT_PREVIOUS_SECRETS: SECRET });
    for (const alg of ['HS256', 'RS256', 'ES384', 'none']) {
      expect(keys.forToken(tokenWith({ ...headerOf(keys), alg }))).toBeNull();
    }
  });

  it('do not know a token whose signature is written in another way than it was made', () => {
    const keys = keysFrom({ JWT_PRIVATE_KEY: pair.privatePem });
    const [head = ''] = tokenWith(headerOf(keys)).split('.');
    expect(keys.forToken(`${head}.e30.AA`)).not.toBeNull();
    for (const signature of ['AB', 'AA=', 'AA==', 'A+', 'AA ', 'AAA=']) {
      expect(keys.forToken(`${head}.e30.${signature}`)).toBeNull();
    }
  });

  it.each(['', '.', 'a', 'a.b', '..', '__proto__.a.b', 'constructor.a.b'])('do not know %j', (token) => {
    expect(keysOf(SECRET).forToken(token)).toBeNull();
  });
});
