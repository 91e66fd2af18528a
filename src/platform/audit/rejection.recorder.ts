import { Injectable } from '@nestjs/common';
import type { RejectionAudit, Rejection } from '../../common/rejection-audit.js';
import { BufferedWriter } from '../database/buffered-writer.js';
import { Database } from '../database/database.js';
import { DatabaseUnavailableError } from '../database/pg-errors.js';
import type { AuditEntry } from './audit-event.js';
import { AuditRecorder } from './audit.recorder.js';
import { countOf } from '../../common/plural.js';

/** The maximum number of separate counts, by user, session and IP address. Others are counted together, by code. */
const MAX_SEPARATE_COUNTS = 1_000;

interface CountedRejection {
  readonly rejection: Rejection;
  readonly since: Date;
  count: number;
}

/**
 * Counts rejected requests and writes the counts as audit events, so that a flood of them adds only a few rows. Keeps
 * the counts while the database is unavailable. A killed process loses the counts of a few seconds.
 */
@Injectable()
export class RejectionRecorder extends BufferedWriter implements RejectionAudit {
  private counts = new Map<string, CountedRejection>();

  constructor(
    private readonly database: Database,
    private readonly audit: AuditRecorder,
  ) {
    super();
  }

  record(rejection: Rejection): void {
    this.add({ rejection, since: new Date(), count: 1 });
  }

  /** If the write fails, keeps the counts for the next flush. */
  protected async write(): Promise<void> {
    if (this.counts.size === 0) return;
    const counts = [...this.counts.values()];
    this.counts = new Map();
    try {
      await this.database.run((manager) => this.audit.recordAll(manager, counts.map(toEntry)));
    } catch (error) {
      for (const counted of counts) this.add(counted);
      const message = `Could not record rejected requests. Kept ${countOf(counts.length, 'counts')} for the next attempt.`;
      if (error instanceof DatabaseUnavailableError) this.logger.warn(message);
      else this.logger.error({ err: error }, message);
    }
  }

  private add({ rejection, since, count }: CountedRejection): void {
    const key = keyOf(rejection);
    const existing = this.counts.get(key);
    if (existing) existing.count += count;
    else if (this.counts.size < MAX_SEPARATE_COUNTS || isAnonymous(rejection))
      this.counts.set(key, { rejection, since, count });
    else this.add({ rejection: anonymous(rejection), since, count });
  }
}

function keyOf({ code, claims, client }: Rejection): string {
  return [code, claims?.userId, claims?.sessionId, client.ipAddress].join(' ');
}

/** Removes what identifies the client. Only one such rejection exists per code. */
function anonymous({ code, kind }: Rejection): Rejection {
  return { code, kind, claims: null, client: { ipAddress: null, userAgent: null } };
}

function isAnonymous({ claims, client }: Rejection): boolean {
  return claims === null && client.ipAddress === null;
}

function toEntry({ rejection: { code, kind, claims, client }, since, count }: CountedRejection): AuditEntry {
  return {
    type: kind === 'rate_limited' ? 'rate_limited' : 'access_denied',
    outcome: 'failure',
    reason: code,
    userId: claims?.userId ?? null,
    actor: { ...claims, client },
    details: { count, since: since.toISOString() },
  };
}
