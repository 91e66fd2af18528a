import { createHmac, createSecretKey, timingSafeEqual, type KeyObject } from 'node:crypto';
import { deriveKey } from '../common/derive-key.js';
import { idFromBytes, idToHex } from '../common/id.js';

const VERSION = 2;
const HEAD_BYTES = 1 + 16 + 4 + 16;
/** Version 1 had no user ID. Its tokens are accepted, but no longer issued. */
const V1_VERSION = 1;
const V1_HEAD_BYTES = 1 + 16 + 4;
const MAC_BYTES = 32;
/** The lengths by version. */
const ACCEPTED_HEAD_BYTES: ReadonlyMap<number | undefined, number> = new Map([
  [VERSION, HEAD_BYTES],
  [V1_VERSION, V1_HEAD_BYTES],
]);
const INFO = 'gatehouse refresh token v1';

/** The parts of a presented token. Call `RefreshTokens.isAuthentic` before you trust them. */
export interface PresentedRefreshToken {
  readonly sessionId: string;
  /** `null` in a token of version 1. */
  readonly userId: string | null;
  readonly counter: number;
  readonly head: Buffer;
  readonly mac: Buffer;
}

/** The fields of a session that its refresh tokens depend on. */
export interface RefreshTokenOwner {
  readonly id: string;
  readonly userId: string;
  readonly refreshSalt: Buffer;
}

/**
 * Issues and verifies refresh tokens. They are computed, not stored. The numbers are bytes:
 *
 *     base64url( version (1) | session ID (16) | counter (4, big-endian) | user ID (16) | HMAC-SHA-256 (32) )
 *
 * The HMAC key is derived (HKDF, RFC 5869) from a server secret and the session's random salt, so that a copy of the
 * database does not let anyone sign in. The user ID lets the database find the session in one partition. A counter always
 * yields the same token, so that a lost response can be repeated without starting a second chain of tokens.
 */
export class RefreshTokens {
  private readonly secret: KeyObject;
  private readonly previous: readonly KeyObject[];

  /**
   * @param secret the server's secret, at least 256 bits
   * @param previous former secrets, whose tokens are still valid
   */
  constructor(secret: Uint8Array, previous: readonly Uint8Array[] = []) {
    this.secret = createSecretKey(secret);
    this.previous = previous.map((bytes) => createSecretKey(bytes));
  }

  /** Returns the token of a session for one value of its counter. */
  issue(session: RefreshTokenOwner, counter: number): string {
    const head = Buffer.alloc(HEAD_BYTES);
    head.writeUInt8(VERSION, 0);
    head.write(idToHex(session.id), 1, 'hex');
    head.writeUInt32BE(counter, 17);
    head.write(idToHex(session.userId), V1_HEAD_BYTES, 'hex');
    return Buffer.concat([head, mac(this.secret, session.refreshSalt, head)]).toString('base64url');
  }

  /** Returns whether this server issued the token for this session. Compares in constant time. */
  isAuthentic(token: PresentedRefreshToken, session: Pick<RefreshTokenOwner, 'refreshSalt'>): boolean {
    return [this.secret, ...this.previous].some((secret) =>
      timingSafeEqual(token.mac, mac(secret, session.refreshSalt, token.head)),
    );
  }
}

function mac(secret: KeyObject, salt: Buffer, head: Buffer): Buffer {
  return createHmac('sha256', deriveKey(secret, INFO, salt))
    .update(head)
    .digest();
}

/** Parses a token. Returns `null` if it is malformed. */
export function parseRefreshToken(text: string): PresentedRefreshToken | null {
  const bytes = Buffer.from(text, 'base64url');
  // Accept one spelling only. Node's decoder also accepts padding, line breaks and stray bits.
  if (bytes.toString('base64url') !== text) return null;
  const headBytes = ACCEPTED_HEAD_BYTES.get(bytes[0]);
  if (headBytes === undefined || bytes.length !== headBytes + MAC_BYTES) return null;
  return {
    sessionId: idFromBytes(bytes.subarray(1, 17)),
    userId: headBytes === HEAD_BYTES ? idFromBytes(bytes.subarray(V1_HEAD_BYTES, HEAD_BYTES)) : null,
    counter: bytes.readUInt32BE(17),
    head: bytes.subarray(0, headBytes),
    mac: bytes.subarray(headBytes),
  };
}
