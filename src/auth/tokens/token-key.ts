import { createHmac, createPublicKey, createSecretKey, type KeyObject } from 'node:crypto';
import { signatureAlgorithm, UnusableKeyError, type SignatureAlgorithm } from '../../config/pem-key.js';
import { publicJwk, thumbprint } from './jwk.js';

export type Algorithm = 'HS256' | SignatureAlgorithm;

/** A key that verifies access tokens. */
export interface VerificationKey {
  /** The `kid` of its tokens. Tells keys apart, and nothing of a secret that its tokens do not tell. */
  readonly id: string;
  /** Follows from the key. No token can choose another (RFC 8725 §3.1). */
  readonly algorithm: Algorithm;
  /** Made once: given a string, the JWT library tries to parse it as a public key on every request. */
  readonly verifier: KeyObject;
}

/** A key that signs them, too. */
export interface SigningKey extends VerificationKey {
  readonly signer: KeyObject;
}

/** The key of HS256, which signs and verifies. */
export function secretKey(secret: string): SigningKey {
  const id = createHmac('sha256', secret).update('gatehouse key id').digest('base64url').slice(0, 12);
  const key = createSecretKey(secret, 'utf8');
  return { id, algorithm: 'HS256', verifier: key, signer: key };
}

/**
 * A key that only verifies.
 *
 * @throws UnusableKeyError for a key of another kind than RSA and P-256
 */
export function publicKey(verifier: KeyObject): VerificationKey {
  const algorithm = signatureAlgorithm(verifier);
  if (!algorithm) throw new UnusableKeyError('This key cannot sign access tokens.');
  return { id: thumbprint(publicJwk(verifier)), algorithm, verifier };
}

/**
 * A private key, which signs, with the public half of it, which verifies.
 *
 * @throws UnusableKeyError
 */
export function keyPair(signer: KeyObject): SigningKey {
  return { ...publicKey(createPublicKey(signer)), signer };
}
