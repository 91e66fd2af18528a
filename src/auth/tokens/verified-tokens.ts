import { Injectable } from '@nestjs/common';
import type { AccessClaims } from '../../common/principal.js';

/** Enough for about ten thousand tokens. */
const MAX_BYTES = 16 * 1_048_576;
/** The size of an entry without its token. */
const ENTRY_OVERHEAD_BYTES = 400;

interface Entry {
  readonly claims: AccessClaims;
  readonly expiresAt: number;
}

/**
 * Caches the claims of verified tokens until they expire, so that the signature of a token is checked once per process.
 * The keys do not change while the process runs. `SessionGuard` still checks the session on every request.
 */
@Injectable()
export class VerifiedTokens {
  /** Ordered by insertion, oldest first. */
  private readonly entries = new Map<string, Entry>();
  private bytes = 0;

  /** Returns the claims of a token that was verified before and has not expired. */
  find(token: string): AccessClaims | undefined {
    const entry = this.entries.get(token);
    if (!entry) return undefined;
    if (entry.expiresAt > Date.now()) return entry.claims;
    this.evict(token);
    return undefined;
  }

  /**
   * Caches the claims of a verified token. Evicts the oldest tokens if the cache is full.
   *
   * @param expiresAt milliseconds since 1970
   */
  add(token: string, claims: AccessClaims, expiresAt: number): void {
    if (this.entries.has(token)) return;
    this.entries.set(copy(token), { claims, expiresAt });
    this.bytes += token.length + ENTRY_OVERHEAD_BYTES;
    while (this.bytes > MAX_BYTES) this.evict(this.entries.keys().next().value ?? token);
  }

  private evict(token: string): void {
    if (this.entries.delete(token)) this.bytes -= token.length + ENTRY_OVERHEAD_BYTES;
  }
}

/** Copies the token, because a substring would keep the whole header in memory. */
function copy(token: string): string {
  return Buffer.from(token).toString();
}
