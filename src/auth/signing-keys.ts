import { createHmac, createSecretKey, type KeyObject } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';

/** Pinned: no token can choose another (RFC 8725 §3.1). */
export const ALGORITHM = 'HS256';

/** A key for access tokens. */
export interface SigningKey {
  /** The `kid` of its tokens. Tells keys apart, and nothing of the secret that its tokens do not tell. */
  readonly id: string;
  /** Made once: given a string, the JWT library tries to parse it as a public key on every request. */
  readonly key: KeyObject;
}

/**
 * The keys of access tokens: one that signs, and it with its predecessors that verify, so that a secret can be
 * replaced without signing anyone out.
 */
@Injectable()
export class SigningKeys {
  readonly current: SigningKey;
  private readonly byHeader: ReadonlyMap<string, SigningKey>;

  constructor(@InjectConfig() { accessToken }: Config) {
    this.current = signingKey(accessToken.secret);
    const all = [this.current, ...accessToken.previousSecrets.map(signingKey)];
    this.byHeader = new Map(all.map((key) => [encodedHeader(key), key]));
  }

  /**
   * The key for a token, or null. The token's header must be, to the byte, one that we write: there is no
   * algorithm to confuse, no key to smuggle in, and no parsing of what nobody has verified yet.
   */
  forToken(token: string): KeyObject | null {
    return this.byHeader.get(token.slice(0, token.indexOf('.')))?.key ?? null;
  }
}

function signingKey(secret: string): SigningKey {
  const id = createHmac('sha256', secret).update('gatehouse key id').digest('base64url').slice(0, 12);
  return { id, key: createSecretKey(secret, 'utf8') };
}

function encodedHeader({ id }: SigningKey): string {
  return Buffer.from(JSON.stringify({ alg: ALGORITHM, typ: 'JWT', kid: id })).toString('base64url');
}
