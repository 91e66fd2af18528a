import { Injectable } from '@nestjs/common';
import type { AccessClaims } from '../../common/principal.js';

/** How much memory the tokens may take, in bytes: some ten thousand of them. */
const BUDGET = 16 * 1_048_576;
/** What an entry takes beside its token, in bytes. */
const OVERHEAD = 400;

interface Entry {
  readonly claims: AccessClaims;
  readonly expiry: number;
}

/**
 * Remembers which tokens were verified, to the byte, until they expire: what a signature says of the very same bytes
 * does not change while the keys are the same, and they are the same for as long as the process runs. Whether the
 * session still holds is asked anew for every request.
 */
@Injectable()
export class VerifiedTokens {
  /** The oldest first. */
  private readonly entries = new Map<string, Entry>();
  private size = 0;

  /** What a token says, if it was verified before and has not expired since. */
  find(token: string): AccessClaims | undefined {
    const entry = this.entries.get(token);
    if (!entry) return undefined;
    if (entry.expiry > Date.now()) return entry.claims;
    this.forget(token);
    return undefined;
  }

  /** @param expiry when the token expires, in milliseconds since 1970 */
  add(token: string, claims: AccessClaims, expiry: number): void {
    if (this.entries.has(token)) return;
    this.entries.set(copy(token), { claims, expiry });
    this.size += token.length + OVERHEAD;
    while (this.size > BUDGET) this.forget(this.entries.keys().next().value ?? token);
  }

  private forget(token: string): void {
    if (this.entries.delete(token)) this.size -= token.length + OVERHEAD;
  }
}

/** V8 keeps the whole header that a token was cut out of, spaces and all, for as long as the token. */
function copy(token: string): string {
  return Buffer.from(token).toString();
}
