import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { Database } from '../platform/database/database.js';
import { DatabaseUnavailableError } from '../platform/database/pg-errors.js';
import { SessionAccessRepository } from './session-access.repository.js';

/** How long, in milliseconds, a mark may wait for others to be written with. */
const FLUSH_INTERVAL = 5_000;

/**
 * Remembers which sessions were used and writes it now and then, many in one statement, so that no request
 * waits for it. A mark that is lost with the process costs a minute of accuracy in a list, and nothing else:
 * no limit depends on it.
 */
@Injectable()
export class LastSeenRecorder implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(LastSeenRecorder.name);
  private seen = new Set<string>();
  private writing: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Database,
    private readonly sessions: SessionAccessRepository,
  ) {}

  onModuleInit(): void {
    this.timer = setInterval(() => void this.flush(), FLUSH_INTERVAL).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  /** Notes that a session is being used now. */
  mark(sessionId: string): void {
    this.seen.add(sessionId);
  }

  /** Returns when every mark is written or lost, also those that were being written already. */
  async flush(): Promise<void> {
    this.writing = Promise.all([this.writing, this.write()]).then(() => undefined);
    await this.writing;
  }

  /** Marks that cannot be written are dropped: the next request of that session makes a new one. */
  private async write(): Promise<void> {
    if (this.seen.size === 0) return;
    const seen = this.seen;
    this.seen = new Set();
    try {
      await this.database.run((manager) => this.sessions.markSeen(manager, seen));
    } catch (error) {
      if (!(error instanceof DatabaseUnavailableError)) this.logger.error({ err: error }, 'Last-seen marks were lost');
      else this.logger.warn(`The database is away: when ${seen.size} sessions were last seen is lost.`);
    }
  }
}
