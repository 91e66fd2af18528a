import { generateKeyPairSync, sign, type KeyObject } from 'node:crypto';

/** A key pair for access tokens. */
export interface KeyPair {
  readonly privateKey: KeyObject;
  readonly publicKey: KeyObject;
  readonly privatePem: string;
  readonly publicPem: string;
  /** Signs the text of a JWT with the private key (RFC 7518 §3). */
  readonly sign: (text: string) => Buffer;
}

const pairs = new Map<string, KeyPair>();

/** Returns a key pair for an algorithm, the same one for each number. Generating a pair for RS256 can take a second. */
export function keyPair(algorithm: 'ES256' | 'RS256', number = 1): KeyPair {
  const name = `${algorithm} ${number}`;
  const pair = pairs.get(name) ?? newKeyPair(algorithm);
  pairs.set(name, pair);
  return pair;
}

function newKeyPair(algorithm: 'ES256' | 'RS256'): KeyPair {
  const { privateKey, publicKey } =
    algorithm === 'ES256'
      ? generateKeyPairSync('ec', { namedCurve: 'P-256' })
      : generateKeyPairSync('rsa', { modulusLength: 3_072 });
  return {
    privateKey,
    publicKey,
    privatePem: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicPem: publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    sign: (text) => sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }),
  };
}
