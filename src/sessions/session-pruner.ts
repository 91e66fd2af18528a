import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { SessionsRepository } from './sessions.repository.js';

/** How many sessions one statement looks at. Small enough that nobody waits for its locks. */
const BATCH = 5_000;

/** Deletes sessions that ended long ago. */
@Injectable()
export class SessionPruner {
  constructor(
    private readonly database: Database,
    private readonly sessions: SessionsRepository,
  ) {}

  /**
   * Walks all sessions by primary key, oldest first, and deletes those that expired or were revoked more than
   * `retention` milliseconds ago: until then a replayed token still finds its session and is told the reason.
   *
   * @returns how many it deleted
   */
  async prune(retention: number): Promise<number> {
    let total = 0;
    let after: string | null = null;
    do {
      const walked: { deleted: number; last: string | null } = await this.database.session((manager) =>
        this.sessions.pruneBatch(manager, { after, retention, limit: BATCH }),
      );
      total += walked.deleted;
      after = walked.last;
    } while (after !== null);
    return total;
  }
}
