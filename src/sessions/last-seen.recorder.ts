import { Injectable } from '@nestjs/common';
import { BufferedWriter } from '../platform/database/buffered-writer.js';
import { Database } from '../platform/database/database.js';
import { DatabaseUnavailableError } from '../platform/database/pg-errors.js';
import { SessionAccessRepository } from './session-access.repository.js';

/**
 * Records when sessions were last used. A killed process loses the marks of a few seconds. Session lists then show an
 * older time, but no expiry depends on it.
 */
@Injectable()
export class LastSeenRecorder extends BufferedWriter {
  private sessionIds = new Set<string>();

  constructor(
    private readonly database: Database,
    private readonly sessions: SessionAccessRepository,
  ) {
    super();
  }

  /** Marks a session as used now. */
  mark(sessionId: string): void {
    this.sessionIds.add(sessionId);
  }

  /** Drops marks that cannot be written. The next request of the session marks it again. */
  protected async write(): Promise<void> {
    if (this.sessionIds.size === 0) return;
    const sessionIds = this.sessionIds;
    this.sessionIds = new Set();
    try {
      await this.database.run((manager) => this.sessions.markSeen(manager, sessionIds));
    } catch (error) {
      const message = `Lost the last-seen marks of ${sessionIds.size} sessions.`;
      if (error instanceof DatabaseUnavailableError) this.logger.warn(message);
      else this.logger.error({ err: error }, message);
    }
  }
}
