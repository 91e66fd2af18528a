import { hkdfSync, type KeyObject } from 'node:crypto';

/**
 * Derives a key of 32 bytes from a secret (HKDF-SHA-256, RFC 5869).
 *
 * @param purpose separates the key from others of the same secret
 * @param salt for keys that also depend on a stored value
 */
export function deriveKey(
  secret: string | Uint8Array | KeyObject,
  purpose: string,
  salt: string | Uint8Array = '',
): Buffer {
  return Buffer.from(hkdfSync('sha256', secret, salt, purpose, 32));
}

/** Derives the keys of a secret and of previous secrets, in this order. */
export function deriveKeys(
  purpose: string,
  secret: string | Uint8Array,
  previous: readonly (string | Uint8Array)[],
): readonly [Buffer, ...Buffer[]] {
  return [deriveKey(secret, purpose), ...previous.map((older) => deriveKey(older, purpose))];
}
