import { Injectable } from '@nestjs/common';
import { Database } from '../database/database.js';
import { walkPages } from '../database/page-walk.js';
import type { Pruner, PruneStep } from '../database/pruner.js';
import { EXPIRED } from './one-time-tokens.repository.js';

/** Deletes tokens that expired. Those that were used are gone already. */
@Injectable()
export class OneTimeTokenPruner implements Pruner {
  readonly subject = 'one-time tokens';

  constructor(private readonly database: Database) {}

  steps(): AsyncGenerator<PruneStep> {
    return walkPages(this.database, EXPIRED);
  }
}
