import { Injectable } from '@nestjs/common';
import { Database } from '../../platform/database/database.js';
import { pruneByPages } from '../../platform/database/page-walk.js';
import type { Pruner, PruneStep } from '../../platform/database/pruner.js';
import { EXPIRED } from './one-time-tokens.repository.js';

/** Deletes tokens that expired. Those that were used are gone already. */
@Injectable()
export class OneTimeTokenPruner implements Pruner {
  readonly subject = 'one-time tokens';

  constructor(private readonly database: Database) {}

  steps(): AsyncGenerator<PruneStep> {
    return pruneByPages(this.database, EXPIRED);
  }
}
