import type { KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { keyPair, publicKey, secretKey, type Algorithm, type SigningKey, type VerificationKey } from './token-key.js';

/** The `typ` of access tokens (RFC 9068 §2.1). */
export const TOKEN_TYPE = 'at+jwt';
/** The `typ` of earlier versions. Their tokens are accepted until they expire. */
const EARLIER_TYPE = 'JWT';

/**
 * The keys of access tokens. One key signs. Previous and upcoming keys only verify, so that a key can be replaced without
 * signing anyone out.
 */
@Injectable()
export class KeyRing {
  readonly current: SigningKey;
  /** All verification keys without duplicates, the current one first. */
  readonly all: readonly VerificationKey[];
  /** The algorithms of the keys. No other is accepted. */
  readonly algorithms: readonly Algorithm[];
  private readonly byHeader: ReadonlyMap<string, VerificationKey>;

  constructor(@InjectConfig() { accessToken }: Config) {
    const { secret, previousSecrets, privateKey, verificationKeys } = accessToken;
    this.current = privateKey ? keyPair(privateKey) : secretKey(secret);
    const all = [this.current, ...previousSecrets.map(secretKey), ...verificationKeys.map(publicKey)];
    this.all = [...new Map(all.map((key) => [key.id, key])).values()];
    this.algorithms = [...new Set(this.all.map(({ algorithm }) => algorithm))];
    this.byHeader = new Map(
      [TOKEN_TYPE, EARLIER_TYPE].flatMap((type) => this.all.map((key) => [encodedHeader(key, type), key] as const)),
    );
  }

  /**
   * Returns the key for a token, or `null`. The header must be identical to one that we write. This rules out algorithm
   * confusion and embedded keys, and avoids parsing unverified input.
   */
  forToken(token: string): KeyObject | null {
    const key = this.byHeader.get(token.slice(0, token.indexOf('.')));
    return key && isExact(token.slice(token.lastIndexOf('.') + 1)) ? key.verifier : null;
  }
}

function encodedHeader({ algorithm, id }: VerificationKey, type: string): string {
  return Buffer.from(JSON.stringify({ alg: algorithm, typ: type, kid: id })).toString('base64url');
}

/** Rejects other spellings of the same signature: the library ignores the unused bits of the last character. */
function isExact(signature: string): boolean {
  return Buffer.from(signature, 'base64url').toString('base64url') === signature;
}
