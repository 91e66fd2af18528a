import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { deriveKeys } from './derive-key.js';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export interface Opened {
  readonly text: string;
  /** Whether the newest key sealed it. Otherwise seal it again, so that the older one can be removed. */
  readonly isCurrent: boolean;
}

/**
 * Encrypts texts that read access to the database must not reveal (AES-256-GCM, NIST SP 800-38D): queued mails, and the
 * secrets of authenticator apps.
 */
export class SealedBox {
  private readonly keys: readonly [Uint8Array, ...Uint8Array[]];

  /**
   * @param purpose separates the keys of this box from others with the same secret (HKDF, RFC 5869)
   * @param previous former secrets, which can still decrypt
   */
  constructor(purpose: string, secret: string, previous: readonly string[] = []) {
    this.keys = deriveKeys(purpose, secret, previous);
  }

  /**
   * Returns the nonce, the tag and the ciphertext.
   *
   * @param owner identifies the row, so that its ciphertext cannot be opened in another one
   */
  seal(text: string, owner = ''): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.keys[0], nonce).setAAD(Buffer.from(owner));
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
  }

  /** Returns the text, or `null` if no key fits, the owner is another one, or a byte was changed. */
  open(box: Buffer, owner = ''): Opened | null {
    for (const key of this.keys) {
      try {
        return { text: openWith(key, box, owner), isCurrent: key === this.keys[0] };
      } catch {
        // Another key may fit.
      }
    }
    return null;
  }
}

/** @throws Error if the key or the owner does not fit, or a byte was changed */
function openWith(key: Uint8Array, box: Buffer, owner: string): string {
  const decipher = createDecipheriv(CIPHER, key, box.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAAD(Buffer.from(owner)).setAuthTag(box.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  return Buffer.concat([decipher.update(box.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString();
}
