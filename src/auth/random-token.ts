import { createHash, randomBytes } from 'node:crypto';

/** 256 bits. ASVS 11.5.1 requires 128. */
const TOKEN_BYTES = 32;

/** A token, and the hash that the database stores. */
export interface RandomToken {
  readonly token: string;
  readonly hash: Buffer;
}

/** Creates a token of 256 random bits in base64url. Its hash needs no salt and no slow algorithm. */
export function createRandomToken(): RandomToken {
  const bytes = randomBytes(TOKEN_BYTES);
  return { token: bytes.toString('base64url'), hash: sha256(bytes) };
}

/** Returns the stored hash of a token, or `null` if the token is malformed. Accepts one spelling only. */
export function hashRandomToken(token: string): Buffer | null {
  const bytes = Buffer.from(token, 'base64url');
  return bytes.length === TOKEN_BYTES && bytes.toString('base64url') === token ? sha256(bytes) : null;
}

function sha256(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest();
}
