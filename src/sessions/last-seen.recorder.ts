import { Injectable } from '@nestjs/common';
import type { AccessClaims } from '../common/principal.js';
import { BufferedWriter } from '../platform/database/buffered-writer.js';
import { Database } from '../platform/database/database.js';
import { DatabaseUnavailableError } from '../platform/database/pg-errors.js';
import { countOf } from '../common/plural.js';
import { ANY_GENERATION, SessionAccessRepository, type GuardedSession } from './session-access.repository.js';

/**
 * Records when sessions were last used, and the first use of each token pair. A killed process loses the marks of a few
 * seconds. Session lists then show an older time, but no expiry depends on it. The next request marks the pair again.
 */
@Injectable()
export class LastSeenRecorder extends BufferedWriter {
  private marked = new Map<string, AccessClaims>();

  constructor(
    private readonly database: Database,
    private readonly sessions: SessionAccessRepository,
  ) {
    super();
  }

  /** Marks a session as used now, unless its row already says so. */
  markUse({ unrecordedGeneration }: GuardedSession, claims: AccessClaims): void {
    if (unrecordedGeneration === ANY_GENERATION || unrecordedGeneration === claims.generation) this.mark(claims);
  }

  /** Marks a session as used now. */
  mark(claims: AccessClaims): void {
    const { generation = -1 } = this.marked.get(claims.sessionId) ?? {};
    // An older access token must not hide the first use of a new pair.
    if (generation <= (claims.generation ?? -1)) this.marked.set(claims.sessionId, claims);
  }

  /** Drops marks that cannot be written. The next request of the session marks it again. */
  protected async write(): Promise<void> {
    if (this.marked.size === 0) return;
    const marked = [...this.marked.values()];
    this.marked = new Map();
    try {
      await this.database.run((manager) => this.sessions.markSeen(manager, marked));
    } catch (error) {
      const message = `Lost the last-seen marks of ${countOf(marked.length, 'sessions')}.`;
      if (error instanceof DatabaseUnavailableError) this.logger.warn(message);
      else this.logger.error({ err: error }, message);
    }
  }
}
