import type { KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { keyPair, publicKey, secretKey, type Algorithm, type SigningKey, type VerificationKey } from './token-key.js';

/**
 * The keys of access tokens: one that signs, and it with others that verify, which signed before or are going to. So
 * a key can be replaced without signing anyone out.
 */
@Injectable()
export class KeyRing {
  readonly current: SigningKey;
  /** The current one first, each once. */
  readonly all: readonly VerificationKey[];
  /** What a token's algorithm may be: no other than the keys'. */
  readonly algorithms: readonly Algorithm[];
  private readonly byHeader: ReadonlyMap<string, VerificationKey>;

  constructor(@InjectConfig() { accessToken }: Config) {
    const { secret, previousSecrets, privateKey, verificationKeys } = accessToken;
    this.current = privateKey ? keyPair(privateKey) : secretKey(secret);
    const all = [this.current, ...previousSecrets.map(secretKey), ...verificationKeys.map(publicKey)];
    this.all = [...new Map(all.map((key) => [key.id, key])).values()];
    this.algorithms = [...new Set(this.all.map(({ algorithm }) => algorithm))];
    this.byHeader = new Map(this.all.map((key) => [encodedHeader(key), key]));
  }

  /**
   * The key for a token, or null. The token's header must be, to the byte, one that we write: there is no
   * algorithm to confuse, no key to smuggle in, and no parsing of what nobody has verified yet.
   */
  forToken(token: string): KeyObject | null {
    const key = this.byHeader.get(token.slice(0, token.indexOf('.')));
    return key && isExact(token.slice(token.lastIndexOf('.') + 1)) ? key.verifier : null;
  }
}

function encodedHeader({ algorithm, id }: VerificationKey): string {
  return Buffer.from(JSON.stringify({ alg: algorithm, typ: 'JWT', kid: id })).toString('base64url');
}

/** The last character of a signature has bits to spare. The library reads over them, and one token would have many texts. */
function isExact(signature: string): boolean {
  return Buffer.from(signature, 'base64url').toString('base64url') === signature;
}
