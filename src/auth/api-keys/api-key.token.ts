import { createHmac, timingSafeEqual } from 'node:crypto';
import { crc32 } from 'node:zlib';
import { deriveKeys } from '../../common/derive-key.js';
import { idFromBytes, idToHex } from '../../common/id.js';
import type { AccessClaims } from '../../common/principal.js';

const PREFIX = 'ghk_';
const VERSION = 1;
const HEAD_BYTES = 1 + 16 + 16;
const MAC_BYTES = 32;
const CHECKSUM_CHARACTERS = 6;
const BASE62 = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz';
const INFO = 'gatehouse api key v1';

/**
 * Issues and verifies API keys. They are computed, not stored. The numbers are bytes:
 *
 *     "ghk_" + base64url( version (1) | session ID (16) | user ID (16) | HMAC-SHA-256 (32) ) + checksum
 *
 * The checksum is the CRC-32 of the base64url part in six base62 characters, as in GitHub's tokens. It lets scanners
 * find leaked keys without false alarms. The HMAC key is derived (HKDF, RFC 5869) from a server secret. Forged keys are
 * therefore rejected without the database, and a copy of the database contains no key. The user ID lets the database
 * find the session in one partition.
 */
export class ApiKeyTokens {
  private readonly keys: readonly [Buffer, ...Buffer[]];

  /** @param previous former secrets, whose API keys are still valid */
  constructor(secret: string | Uint8Array, previous: readonly (string | Uint8Array)[] = []) {
    this.keys = deriveKeys(INFO, secret, previous);
  }

  issue({ sessionId, userId }: AccessClaims): string {
    const head = Buffer.from(`0${VERSION}${idToHex(sessionId)}${idToHex(userId)}`, 'hex');
    const body = Buffer.concat([head, mac(this.keys[0], head)]).toString('base64url');
    return PREFIX + body + checksum(body);
  }

  /** Returns the claims of an API key, or `null` unless this server issued exactly this text. Compares in constant time. */
  verify(text: string): AccessClaims | null {
    const body = text.slice(PREFIX.length, -CHECKSUM_CHARACTERS);
    if (text !== PREFIX + body + checksum(body)) return null;
    const bytes = Buffer.from(body, 'base64url');
    // Accept one spelling only. Node's decoder ignores stray bits.
    if (bytes.length !== HEAD_BYTES + MAC_BYTES || bytes[0] !== VERSION || bytes.toString('base64url') !== body)
      return null;
    const [head, presented] = [bytes.subarray(0, HEAD_BYTES), bytes.subarray(HEAD_BYTES)];
    if (!this.keys.some((key) => timingSafeEqual(mac(key, head), presented))) return null;
    return {
      sessionId: idFromBytes(head.subarray(1, 17)),
      userId: idFromBytes(head.subarray(17)),
      generation: 0,
      kind: 'key',
    };
  }
}

/** Returns whether a bearer token claims to be an API key. JWTs start with `ey`. */
export function isApiKey(token: string): boolean {
  return token.startsWith(PREFIX);
}

function mac(key: Buffer, head: Buffer): Buffer {
  return createHmac('sha256', key).update(head).digest();
}

function checksum(body: string): string {
  let rest = crc32(body);
  let text = '';
  for (let i = 0; i < CHECKSUM_CHARACTERS; i += 1) {
    text = (BASE62[rest % 62] ?? '') + text;
    rest = Math.floor(rest / 62);
  }
  return text;
}
