import { Injectable } from '@nestjs/common';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database } from '../database/database.js';
import { Pruner, type PruneStep } from '../database/pruner.js';
import { AuditRepository, type PrunedBatch } from './audit.repository.js';

/** How many events one statement deletes at most. */
const BATCH = 5_000;

/** Deletes events that are old, oldest first: their ids are in the order of time. */
@Injectable()
export class AuditPruner extends Pruner {
  readonly subject = 'audit events';
  private readonly retention: number;

  constructor(
    @InjectConfig() { audit }: Config,
    private readonly database: Database,
    private readonly events: AuditRepository,
  ) {
    super();
    this.retention = audit.retention;
  }

  /** @param retention how old, in milliseconds, an event must be */
  async *steps(retention = this.retention): AsyncGenerator<PruneStep> {
    let batch = await this.pruneAfter(null, retention);
    const begin = batch?.from.getTime() ?? 0;
    while (batch) {
      const { deleted, last, to, until } = batch;
      yield { deleted, progress: (to.getTime() - begin) / Math.max(1, until.getTime() - begin) };
      batch = await this.pruneAfter(last, retention);
    }
  }

  private pruneAfter(after: string | null, retention: number): Promise<PrunedBatch | null> {
    return this.database.run((manager) => this.events.pruneBatch(manager, { after, retention, limit: BATCH }));
  }
}
