import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { pruneByPages } from '../database/page-walk.js';
import type { Pruner, PruneStep } from '../database/pruner.js';
import { LONG_OVER } from './rate-limits.repository.js';

/** Deletes what was counted in windows that ended long ago. */
@Injectable()
export class RateLimitPruner implements Pruner {
  readonly subject = 'rate limits';

  constructor(private readonly database: Database) {}

  steps(): AsyncGenerator<PruneStep> {
    return pruneByPages(this.database, LONG_OVER);
  }
}
