import { Injectable, Logger, type OnApplicationShutdown, type OnModuleInit } from '@nestjs/common';
import { RejectedRequests, type Rejection } from '../../common/rejected-requests.js';
import { Database } from '../database/database.js';
import { DatabaseUnavailableError } from '../database/pg-errors.js';
import type { AuditEntry } from './audit-event.js';
import { AuditRecorder } from './audit.recorder.js';

/** How long, in milliseconds, refusals are counted before they are written. */
const FLUSH_INTERVAL = 5_000;
/** How many different refusals are told apart in that time. All further ones are counted together, by code. */
const MAX_KINDS = 1_000;

interface Counted {
  readonly refusal: Rejection;
  readonly since: Date;
  count: number;
}

/**
 * Counts those who were turned away, and writes the counts now and then, many in one statement: a flood of refused
 * requests makes a few rows, and costs no request a write. What is counted while the database is away is kept; what is
 * not yet written when the process is killed is lost.
 */
@Injectable()
export class RejectionRecorder extends RejectedRequests implements OnModuleInit, OnApplicationShutdown {
  private readonly logger = new Logger(RejectionRecorder.name);
  private counted = new Map<string, Counted>();
  private writing: Promise<void> = Promise.resolve();
  private timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly database: Database,
    private readonly audit: AuditRecorder,
  ) {
    super();
  }

  onModuleInit(): void {
    this.timer = setInterval(() => void this.flush(), FLUSH_INTERVAL).unref();
  }

  async onApplicationShutdown(): Promise<void> {
    clearInterval(this.timer);
    await this.flush();
  }

  note(refusal: Rejection): void {
    this.add({ refusal, since: new Date(), count: 1 });
  }

  /** Returns when every count was tried to be written, also those that were being written already. */
  async flush(): Promise<void> {
    this.writing = Promise.all([this.writing, this.write()]).then(() => undefined);
    await this.writing;
  }

  /** Counts that cannot be written wait for the next time. */
  private async write(): Promise<void> {
    if (this.counted.size === 0) return;
    const counted = [...this.counted.values()];
    this.counted = new Map();
    try {
      await this.database.run((manager) => this.audit.recordAll(manager, counted.map(toEntry)));
    } catch (error) {
      for (const one of counted) this.add(one);
      if (!(error instanceof DatabaseUnavailableError))
        this.logger.error({ err: error }, 'RejectedRequests were not written');
      else this.logger.warn(`The database is away: ${counted.length} refusals wait to be written.`);
    }
  }

  private add({ refusal, since, count }: Counted): void {
    const key = keyOf(refusal);
    const known = this.counted.get(key);
    if (known) known.count += count;
    else if (this.counted.size < MAX_KINDS || isAnonymous(refusal)) this.counted.set(key, { refusal, since, count });
    else this.add({ refusal: anonymous(refusal), since, count });
  }
}

function keyOf({ code, claims, client }: Rejection): string {
  return [code, claims?.userId, claims?.sessionId, client.ipAddress].join(' ');
}

/** There are only as many of these as there are codes. */
function anonymous({ code, kind }: Rejection): Rejection {
  return { code, kind, claims: null, client: { ipAddress: null, userAgent: null } };
}

function isAnonymous({ claims, client }: Rejection): boolean {
  return claims === null && client.ipAddress === null;
}

function toEntry({ refusal: { code, kind, claims, client }, since, count }: Counted): AuditEntry {
  return {
    type: kind === 'rate_limited' ? 'rate_limited' : 'access_denied',
    outcome: 'failure',
    reason: code,
    userId: claims?.userId ?? null,
    actor: { ...claims, client },
    details: { count, since: since.toISOString() },
  };
}
