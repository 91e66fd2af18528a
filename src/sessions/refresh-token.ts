import { createHmac, createSecretKey, hkdfSync, timingSafeEqual, type KeyObject } from 'node:crypto';
import { idFromBytes, idToHex } from '../common/id.js';

/**
 * The refresh token of a session, which is never stored:
 *
 *     base64url( version (1) | session id (16) | counter (4, big-endian) | HMAC-SHA-256 (32) )
 *
 * The HMAC's key is derived (HKDF, RFC 5869) from a secret of the server's and the session's own random salt.
 * So a copy of the database signs nobody in, and the same counter always gives the same token, which is what
 * lets a lost answer be repeated without a second line of descent.
 */
const VERSION = 1;
const HEAD_BYTES = 1 + 16 + 4;
const TOKEN_BYTES = HEAD_BYTES + 32;
const INFO = 'gatehouse refresh token v1';

/** A token's parts, as presented. Nothing is known of its authenticity before `RefreshTokens.isAuthentic`. */
export interface PresentedRefreshToken {
  readonly sessionId: string;
  readonly counter: number;
  readonly head: Buffer;
  readonly mac: Buffer;
}

/** What of a session goes into its refresh tokens. */
export interface RefreshTokenOwner {
  readonly id: string;
  readonly refreshSalt: Buffer;
}

export class RefreshTokens {
  private readonly secret: KeyObject;
  private readonly previous: readonly KeyObject[];

  /**
   * @param secret the server's secret; at least 256 bits
   * @param previous its predecessors, whose tokens are still good
   */
  constructor(secret: Uint8Array, previous: readonly Uint8Array[] = []) {
    this.secret = createSecretKey(secret);
    this.previous = previous.map((bytes) => createSecretKey(bytes));
  }

  /** The token of a session for a state of its counter. */
  issue(session: RefreshTokenOwner, counter: number): string {
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt8(VERSION, 0);
    head.write(idToHex(session.id), 1, 'hex');
    head.writeUInt32BE(counter, 17);
    return Buffer.concat([head, mac(this.secret, session.refreshSalt, head)]).toString('base64url');
  }

  /** Whether a presented token was issued by us for this session. Takes the same time for every wrong one. */
  isAuthentic(token: PresentedRefreshToken, session: RefreshTokenOwner): boolean {
    return [this.secret, ...this.previous].some((secret) =>
      timingSafeEqual(token.mac, mac(secret, session.refreshSalt, token.head)),
    );
  }
}

function mac(secret: KeyObject, salt: Buffer, head: Buffer): Buffer {
  const key = Buffer.from(hkdfSync('sha256', secret, salt, INFO, 32));
  return createHmac('sha256', key).update(head).digest();
}

/** Takes a token apart, or gives null if it has not the form of one. */
export function parseRefreshToken(text: string): PresentedRefreshToken | null {
  const bytes = Buffer.from(text, 'base64url');
  // A token has one spelling: Node's decoder also takes padding, line breaks and stray bits.
  if (bytes.length !== TOKEN_BYTES || bytes.toString('base64url') !== text) return null;
  if (bytes.readUInt8(0) !== VERSION) return null;
  return {
    sessionId: idFromBytes(bytes.subarray(1, 17)),
    counter: bytes.readUInt32BE(17),
    head: bytes.subarray(0, HEAD_BYTES),
    mac: bytes.subarray(HEAD_BYTES),
  };
}
