import { Injectable } from '@nestjs/common';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database } from '../database/database.js';
import { pruneByPages } from '../database/page-walk.js';
import type { Pruner, PruneStep } from '../database/pruner.js';
import { finishedBefore } from './mail.repository.js';

/** Deletes mails that were sent or given up long ago: until then an operator can see what became of them. */
@Injectable()
export class MailPruner implements Pruner {
  readonly subject = 'mails';
  private readonly retention: number;

  constructor(
    @InjectConfig() { mail }: Config,
    private readonly database: Database,
  ) {
    this.retention = mail.retention;
  }

  steps(): AsyncGenerator<PruneStep> {
    return pruneByPages(this.database, finishedBefore(this.retention));
  }
}
