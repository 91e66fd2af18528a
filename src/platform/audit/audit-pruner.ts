import { Injectable } from '@nestjs/common';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database } from '../database/database.js';
import { Pruner, type PruneStep } from '../database/pruner.js';
import { lowestIdAt } from './audit-sql.js';

const MAX_EVENTS_PER_STEP = 5_000;

interface PrunedBatch {
  /** How many events this statement deleted. Another process may have deleted the rest of the batch. */
  readonly deleted: number;
  readonly lastId: string;
  readonly oldest: Date;
  readonly newest: Date;
  /** Events before this time are deleted. */
  readonly deadline: Date;
}

/** Deletes old audit events by primary key, oldest first, because their IDs are in the order of time. */
@Injectable()
export class AuditPruner extends Pruner {
  readonly subject = 'audit events';
  private readonly retentionMs: number;

  constructor(
    @InjectConfig() { audit }: Config,
    private readonly database: Database,
  ) {
    super();
    this.retentionMs = audit.retention;
  }

  protected async *steps(retentionMs = this.retentionMs): AsyncGenerator<PruneStep> {
    let batch = await this.pruneAfter(null, retentionMs);
    const start = batch?.oldest.getTime() ?? 0;
    while (batch) {
      const { deleted, lastId, newest, deadline } = batch;
      yield { deleted, progress: (newest.getTime() - start) / Math.max(1, deadline.getTime() - start) };
      batch = await this.pruneAfter(lastId, retentionMs);
    }
  }

  /**
   * Deletes the oldest events whose ID is greater than `afterId`. Returns `null` if there are none. Does not lock the rows
   * first, because that requires the right to update them.
   */
  private async pruneAfter(afterId: string | null, retentionMs: number): Promise<PrunedBatch | null> {
    const deadline = `(now() - $2::float8 * interval '1 millisecond')`;
    const [batch] = await this.database.run((manager) =>
      manager.query<PrunedBatch[]>(
        `WITH old AS (
           SELECT id, occurred_at FROM audit_events
            WHERE ($1::uuid IS NULL OR id > $1) AND id < ${lowestIdAt(deadline)} ORDER BY id LIMIT $3),
         deleted AS (
           DELETE FROM audit_events USING old WHERE audit_events.id = old.id RETURNING 1)
         SELECT (SELECT count(*)::int FROM deleted) AS deleted, id AS "lastId",
                (SELECT min(occurred_at) FROM old) AS oldest, occurred_at AS newest, ${deadline} AS deadline
           FROM old ORDER BY id DESC LIMIT 1`,
        [afterId, retentionMs, MAX_EVENTS_PER_STEP],
      ),
    );
    return batch ?? null;
  }
}
