import { createHash } from 'node:crypto';
import { HASHES } from './published-secret-hashes.js';

/** Returns the first 48 bits of the SHA-256 hash of a secret. Random secrets practically never have a listed hash. */
export function shortHash(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url').slice(0, 8);
}

/** Returns whether a secret that looks random is in the list of published ones. */
export function isPublished(secret: string): boolean {
  return HASHES.includes(shortHash(secret));
}
