import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { RateLimitsRepository } from './rate-limits.repository.js';

/** How many rows one statement deletes at most. */
const BATCH = 5_000;

/** Deletes what was counted in windows that ended long ago. */
@Injectable()
export class RateLimitPruner {
  constructor(
    private readonly database: Database,
    private readonly rateLimits: RateLimitsRepository,
  ) {}

  /** @returns how many rows it deleted */
  async prune(): Promise<number> {
    let total = 0;
    for (let deleted = BATCH; deleted === BATCH; total += deleted) {
      deleted = await this.database.session((manager) => this.rateLimits.pruneBatch(manager, BATCH));
    }
    return total;
  }
}
