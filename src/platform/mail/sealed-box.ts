import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const INFO = 'gatehouse mail v1';

/**
 * Encrypts the contents of queued mails (AES-256-GCM, NIST SP 800-38D). They include a token that opens an account, which
 * read access to the database must not reveal.
 */
export class SealedBox {
  private readonly key: Uint8Array;
  private readonly keys: readonly Uint8Array[];

  /** @param previous older secrets, which can still decrypt */
  constructor(secret: string, previous: readonly string[] = []) {
    this.key = keyOf(secret);
    this.keys = [this.key, ...previous.map(keyOf)];
  }

  /** Returns the nonce, the tag and the ciphertext. */
  seal(text: string): Buffer {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv(CIPHER, this.key, nonce);
    const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
    return Buffer.concat([nonce, cipher.getAuthTag(), sealed]);
  }

  /** Returns the text, or `null` if no key fits or a byte was changed. */
  open(box: Buffer): string | null {
    for (const key of this.keys) {
      try {
        return openWith(key, box);
      } catch {
        // Another key may fit.
      }
    }
    return null;
  }
}

/** @throws Error if the key does not fit or a byte was changed */
function openWith(key: Uint8Array, box: Buffer): string {
  const decipher = createDecipheriv(CIPHER, key, box.subarray(0, NONCE_BYTES), { authTagLength: TAG_BYTES });
  decipher.setAuthTag(box.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
  return Buffer.concat([decipher.update(box.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]).toString();
}

function keyOf(secret: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, '', INFO, 32));
}
