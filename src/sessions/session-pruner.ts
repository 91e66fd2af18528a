import { Injectable } from '@nestjs/common';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { Database } from '../platform/database/database.js';
import { pruneByPages } from '../platform/database/page-walk.js';
import type { Pruner, PruneStep } from '../platform/database/pruner.js';
import { endedBefore } from './sessions.repository.js';

/** Deletes sessions that ended long ago: until then a replayed token still finds its session and is told the reason. */
@Injectable()
export class SessionPruner implements Pruner {
  readonly subject = 'sessions';
  private readonly retention: number;

  constructor(
    @InjectConfig() { session }: Config,
    private readonly database: Database,
  ) {
    this.retention = session.retention;
  }

  /** @param retention how long ago, in milliseconds, a session must have expired or been revoked */
  steps(retention = this.retention): AsyncGenerator<PruneStep> {
    return pruneByPages(this.database, endedBefore(retention));
  }
}
