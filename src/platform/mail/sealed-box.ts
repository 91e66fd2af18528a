import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const INFO = 'gatehouse mail v1';

/**
 * Keeps what is written into the database from whoever reads only the database (AES-256-GCM, NIST SP 800-38D):
 * a mail that waits to be sent holds a token that would let its reader in.
 */
export class SealedBox {
  private readonly key: Uint8Array;
  private readonly keys: readonly Uint8Array[];

  /** @param previous secrets that sealed before, and still open */
  constructor(secret: string, previous: readonly string[] = []) {
    this.key = keyOf(secret);
    this.keys = [this.key, ...previous.map(keyOf)];
  }

  /** Nonce, tag and ciphertext, of a text. */
  seal(text: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.key, nonce);
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
  }

  /** The text again; null if none of our keys sealed it, or a byte was changed. */
  open(box: Buffer): string | null {
    for (const key of this.keys) {
      try {
        return openWith(key, box);
      } catch {
        // Another key's, perhaps.
      }
    }
    return null;
  }
}

/** @throws if it was sealed with another key, or changed since */
function openWith(key: Uint8Array, box: Buffer): string {
  const decipher = createDecipheriv(CIPHER, key, box.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(box.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  return Buffer.concat([decipher.update(box.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString();
}

function keyOf(secret: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', INFO, 32));
}
