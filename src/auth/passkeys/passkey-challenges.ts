import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { deriveKeys } from '../../common/derive-key.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';

/** How long the user has to respond. Browsers wait for the same time. */
export const CHALLENGE_TTL_MS = 5 * 60_000;

const NONCE_BYTES = 16;
const HEAD_BYTES = NONCE_BYTES + 4;
const MAC_BYTES = 32;
const INFO = 'gatehouse passkey challenge v1';

/** What the response to a challenge is for. Each purpose but `sign_in` is bound to a session or a sign-in challenge. */
export type ChallengeScope =
  | { readonly purpose: 'sign_in' }
  | { readonly purpose: 'registration' | 'step_up' | 'second_factor'; readonly boundTo: string };

/** The parts of a genuine challenge that make it single-use. */
export interface PresentedChallenge {
  readonly nonce: Buffer;
  readonly expiresAt: Date;
}

/**
 * Issues and verifies the challenges of passkeys. They are computed, not stored, so that a flood of requests cannot fill a
 * table. The numbers are bytes:
 *
 *     base64url( nonce (16) | expiry in seconds since 1970 (4, big-endian) | HMAC-SHA-256 (32) )
 *
 * The HMAC covers the scope. Its key is derived from `JWT_SECRET` (HKDF, RFC 5869).
 */
@Injectable()
export class PasskeyChallenges {
  private readonly keys: readonly [Buffer, ...Buffer[]];

  constructor(@InjectConfig() { accessToken }: Config) {
    this.keys = deriveKeys(INFO, accessToken.secret, accessToken.previousSecrets);
  }

  issue(scope: ChallengeScope, now = Date.now()): Buffer {
    const head = Buffer.alloc(HEAD_BYTES);
    randomBytes(NONCE_BYTES).copy(head);
    head.writeUInt32BE(Math.ceil((now + CHALLENGE_TTL_MS) / 1_000), NONCE_BYTES);
    return Buffer.concat([head, mac(this.keys[0], head, scope)]);
  }

  /** Returns the parts of a challenge, or `null` if it is malformed, forged, expired or from another scope. */
  verify(text: string, scope: ChallengeScope, now = Date.now()): PresentedChallenge | null {
    const bytes = Buffer.from(text, 'base64url');
    if (bytes.length !== HEAD_BYTES + MAC_BYTES || bytes.toString('base64url') !== text) return null;
    const head = bytes.subarray(0, HEAD_BYTES);
    const isAuthentic = this.keys.some((key) => timingSafeEqual(bytes.subarray(HEAD_BYTES), mac(key, head, scope)));
    const expiresAt = new Date(head.readUInt32BE(NONCE_BYTES) * 1_000);
    if (!isAuthentic || expiresAt.getTime() <= now) return null;
    return { nonce: head.subarray(0, NONCE_BYTES), expiresAt };
  }
}

function mac(key: Buffer, head: Buffer, scope: ChallengeScope): Buffer {
  const boundTo = scope.purpose === 'sign_in' ? '' : scope.boundTo;
  return createHmac('sha256', key).update(head).update(`${scope.purpose}:${boundTo}`).digest();
}
