import { createHmac, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { signatureAlgorithm, UnusableKeyError, type SignatureAlgorithm } from '../../config/pem-key.js';
import { publicJwk, thumbprint } from './jwk.js';

export type Algorithm = 'HS256' | SignatureAlgorithm;

/** A key that verifies access tokens. */
export interface VerificationKey {
  /** The `kid` of its tokens. For a secret it is an HMAC, which reveals no more than the signature of a token. */
  readonly id: string;
  /** Determined by the key, so that no token can choose another (RFC 8725 §3.1). */
  readonly algorithm: Algorithm;
  /** A `KeyObject`, because the JWT library would parse a string as a public key on every request. */
  readonly verifier: KeyObject;
}

/** A key that signs and verifies access tokens. */
export interface SigningKey extends VerificationKey {
  readonly signer: KeyObject;
}

/** Returns the HS256 key of a secret. */
export function secretKey(secret: string): SigningKey {
  const id = createHmac('sha256', secret).update('gatehouse key id').digest('base64url').slice(0, 12);
  const key = createSecretKey(secret, 'utf8');
  return { id, algorithm: 'HS256', verifier: key, signer: key };
}

/**
 * Returns a key that only verifies.
 *
 * @throws UnusableKeyError unless the key is RSA or P-256
 */
export function publicKey(verifier: KeyObject): VerificationKey {
  const algorithm = signatureAlgorithm(verifier);
  if (!algorithm) throw new UnusableKeyError('This key cannot sign access tokens.');
  return { id: thumbprint(publicJwk(verifier)), algorithm, verifier };
}

/**
 * Returns a private key that signs, with its public key, which verifies.
 *
 * @throws UnusableKeyError
 */
export function keyPair(signer: KeyObject): SigningKey {
  return { ...publicKey(createPublicKey(signer)), signer };
}
