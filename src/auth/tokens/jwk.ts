import { createHash, type KeyObject } from 'node:crypto';

/** A public key as a JSON Web Key (RFC 7517, RFC 7518 §6). */
export type PublicJwk =
  | { readonly kty: 'EC'; readonly crv: string; readonly x: string; readonly y: string }
  | { readonly kty: 'RSA'; readonly n: string; readonly e: string };

/** Returns the public members of a key. An allow-list, so that private members stay private. */
export function publicJwk(key: KeyObject): PublicJwk {
  const { kty, crv = '', x = '', y = '', n = '', e = '' } = key.export({ format: 'jwk' });
  return kty === 'EC' ? { kty, crv, x, y } : { kty: 'RSA', n, e };
}

/** Returns the thumbprint of a key (RFC 7638): the hash of its required members in alphabetical order. */
export function thumbprint(jwk: PublicJwk): string {
  const required =
    jwk.kty === 'EC' ? { crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y } : { e: jwk.e, kty: jwk.kty, n: jwk.n };
  return createHash('sha256').update(JSON.stringify(required)).digest('base64url');
}
