import { createHash, createSecretKey } from 'node:crypto';
import { calculateJwkThumbprint, exportJWK } from 'jose';
import { keyPair } from '../../../test/support/key-pairs.js';
import { parseEnvironment } from '../../config/env.js';
import { KeyRing } from './key-ring.js';

const SECRET = 'kR7vXq2mZt9LwB4nYc8HsG1dFp6JxAeU';
const PREVIOUS = 'uW3nYb6QkT9sLrX1vMzD4hEa8cGfJp2Z';

const pair = keyPair('ES256');
const nextPair = keyPair('RS256');

const keysFrom = (env: Readonly<Record<string, string>>) =>
  new KeyRing(parseEnvironment({ NODE_ENV: 'test', JWT_SECRET: SECRET, ...env }));
const keysOf = (secret: string, ...previous: readonly string[]) =>
  new KeyRing(parseEnvironment({ NODE_ENV: 'test', JWT_SECRET: secret, JWT_PREVIOUS_SECRETS: previous.join(',') }));
const tokenWith = (header: object) => `${Buffer.from(JSON.stringify(header)).toString('base64url')}.e30.AAAA`;
const headerOf = (keys: KeyRing) => ({ alg: keys.current.algorithm, typ: 'at+jwt', kid: keys.current.id });

describe('KeyRing', () => {
  it('signs with the configured secret', () => {
    expect(keysOf(SECRET).current.signer.equals(createSecretKey(SECRET, 'utf8'))).toBe(true);
  });

  it('derives the key ID from the secret alone', () => {
    expect(keysOf(SECRET).current.id).toBe(keysOf(SECRET, PREVIOUS).current.id);
    expect(keysOf(SECRET).current.id).not.toBe(keysOf(PREVIOUS).current.id);
  });

  it('uses no plain hash of the secret as key ID', () => {
    const digests = ['sha1', 'sha256', 'sha512'].map((name) => createHash(name).update(SECRET).digest('base64url'));
    expect(keysOf(SECRET).current.id).toMatch(/^[\w-]{12}$/);
    expect(digests.filter((digest) => digest.includes(keysOf(SECRET).current.id))).toEqual([]);
  });

  it('finds the current key for a token that it signed', () => {
    const keys = keysOf(SECRET);
    expect(keys.forToken(tokenWith(headerOf(keys)))).toBe(keys.current.verifier);
  });

  it('finds a previous secret for a token that it signed', () => {
    const keys = keysOf(SECRET, PREVIOUS);
    const key = keys.forToken(tokenWith(headerOf(keysOf(PREVIOUS))));
    expect(key?.equals(createSecretKey(PREVIOUS, 'utf8'))).toBe(true);
  });

  it('rejects a token of a secret that is not configured', () => {
    expect(keysOf(SECRET).forToken(tokenWith(headerOf(keysOf(PREVIOUS))))).toBeNull();
  });

  const others: readonly [string, (header: ReturnType<typeof headerOf>) => object][] = [
    ['another algorithm', (header) => ({ ...header, alg: 'none' })],
    ['no kid', ({ alg, typ }) => ({ alg, typ })],
    ['an embedded key', (header) => ({ ...header, jwk: {} })],
    ['fields in another order', ({ alg, typ, kid }) => ({ kid, typ, alg })],
  ];

  it.each(others)('rejects a token whose header has %s', (_, change) => {
    const keys = keysOf(SECRET);
    expect(keys.forToken(tokenWith(change(headerOf(keys))))).toBeNull();
  });

  it.each([
    ['ES256', pair],
    ['RS256', nextPair],
  ])('signs %s with a private key and verifies with its public key', async (alg, own) => {
    const keys = keysFrom({ JWT_PRIVATE_KEY: own.privatePem });
    const id = await calculateJwkThumbprint(await exportJWK(own.publicKey));
    expect([keys.current.algorithm, keys.current.id, keys.algorithms]).toEqual([alg, id, [alg]]);
    expect(keys.current.signer.equals(own.privateKey)).toBe(true);
    expect(keys.forToken(tokenWith(headerOf(keys)))?.equals(own.publicKey)).toBe(true);
  });

  it('rejects tokens of the secret when a private key signs', () => {
    const keys = keysFrom({ JWT_PRIVATE_KEY: pair.privatePem });
    expect(keys.forToken(tokenWith(headerOf(keysOf(SECRET))))).toBeNull();
  });

  it('verifies tokens of the secret if it is listed as a previous one', () => {
    const keys = keysFrom({ JWT_PRIVATE_KEY: pair.privatePem, JWT_PREVIOUS_SECRETS: SECRET });
    expect(keys.forToken(tokenWith(headerOf(keysOf(SECRET))))?.equals(createSecretKey(SECRET, 'utf8'))).toBe(true);
    expect(keys.algorithms).toEqual(['ES256', 'HS256']);
  });

  it('verifies with additional key pairs and removes duplicates', () => {
    const others = `${pair.privatePem}${nextPair.publicPem}${pair.publicPem}`;
    const keys = keysFrom({ JWT_PRIVATE_KEY: pair.privatePem, JWT_VERIFICATION_KEYS: others });
    const next = keysFrom({ JWT_PRIVATE_KEY: nextPair.privatePem });
    expect(keys.all.map(({ id }) => id)).toEqual([keys.current.id, next.current.id]);
    expect(keys.forToken(tokenWith(headerOf(next)))?.equals(nextPair.publicKey)).toBe(true);
  });

  it('rejects a token whose algorithm does not match its key', () => {
    const keys = keysFrom({ JWT_PRIVATE_KEY: pair.privatePem, JWT_PREVIOUS_SECRETS: SECRET });
    for (const alg of ['HS256', 'RS256', 'ES384', 'none']) {
      expect(keys.forToken(tokenWith({ ...headerOf(keys), alg }))).toBeNull();
    }
  });

  it('rejects other spellings of a signature', () => {
    const keys = keysFrom({ JWT_PRIVATE_KEY: pair.privatePem });
    const [head = ''] = tokenWith(headerOf(keys)).split('.');
    expect(keys.forToken(`${head}.e30.AA`)).not.toBeNull();
    for (const signature of ['AB', 'AA=', 'AA==', 'A+', 'AA ', 'AAA=']) {
      expect(keys.forToken(`${head}.e30.${signature}`)).toBeNull();
    }
  });

  it.each(['', '.', 'a', 'a.b', '..', '__proto__.a.b', 'constructor.a.b'])('rejects %j', (token) => {
    expect(keysOf(SECRET).forToken(token)).toBeNull();
  });
});
