import { Injectable } from '@nestjs/common';
import type { AuditDetails } from '../platform/audit/audit-event.js';
import { AuditRecorder } from '../platform/audit/audit.recorder.js';
import type { Principal } from '../common/principal.js';
import { ValidationFailedError } from '../common/domain.error.js';
import { toPage, type Page, type PageRequest } from '../common/pagination.js';
import { Database } from '../platform/database/database.js';
import type { Session } from './session.entity.js';
import { UnknownSessionError } from './sessions.errors.js';
import { SessionsRepository, type SessionFilter } from './sessions.repository.js';

/** Which sessions an admin revokes at once. At least one condition must be given. */
export type BulkFilter = Pick<SessionFilter, 'userId' | 'ipAddress' | 'createdBefore'>;

/** What an admin does with anyone's sessions. */
@Injectable()
export class SessionsAdminService {
  constructor(
    private readonly database: Database,
    private readonly sessions: SessionsRepository,
    private readonly audit: AuditRecorder,
  ) {}

  /** One page of sessions, newest first. */
  async list(filter: Pick<SessionFilter, 'userId' | 'isActive'>, page: PageRequest): Promise<Page<Session>> {
    const rows = await this.database.run((manager) => this.sessions.listPage(manager, filter, page));
    return toPage(rows, page.limit);
  }

  /** Ends anyone’s session; one that has ended already stays as it is. @throws UnknownSessionError */
  async revoke(actor: Principal, id: string): Promise<void> {
    const known = await this.database.run((manager) =>
      this.sessions.revokeOne(manager, { id }, { reason: 'admin', actor }),
    );
    if (!known) throw new UnknownSessionError();
  }

  /**
   * Forces a session to expire earlier than it would, by both limits.
   *
   * @throws UnknownSessionError
   * @throws ValidationFailedError if that is later than it would
   */
  expire(actor: Principal, id: string, expiresAt: Date): Promise<Session> {
    return this.database.transaction(async (manager) => {
      const before = await this.sessions.lock(manager, id);
      if (!before) throw new UnknownSessionError();
      const from = before.expiresAt.toISOString();
      if (expiresAt > before.expiresAt) {
        const message = `must not be later than the session's present end, ${from}`;
        throw new ValidationFailedError([{ pointer: '/expiresAt', message }]);
      }
      const session = await this.sessions.bringForward(manager, id, expiresAt);
      await this.audit.record(manager, {
        type: 'session_expiry_changed',
        userId: session.userId,
        sessionId: id,
        actor,
        details: { expiresAt: { from, to: expiresAt.toISOString() } },
      });
      return session;
    });
  }

  /**
   * Ends all active sessions that match; a dry run only counts them.
   *
   * @throws ValidationFailedError without any condition, which would mean everyone
   */
  async revokeMatching(
    actor: Principal,
    filter: BulkFilter,
    dryRun: boolean,
  ): Promise<{ matched: number; revoked: number }> {
    if (Object.values(filter).every((condition) => condition === undefined)) {
      throw new ValidationFailedError([
        { pointer: '', message: 'needs at least one of userId, ipAddress, createdBefore' },
      ]);
    }
    const active = { ...filter, isActive: true };
    if (dryRun) {
      const matched = await this.database.run((manager) => this.sessions.count(manager, active));
      return { matched, revoked: 0 };
    }
    return this.database.transaction(async (manager) => {
      const revoked = await this.sessions.revoke(manager, active, { reason: 'admin', actor });
      await this.audit.record(manager, { type: 'sessions_revoked', actor, details: { ...toDetails(filter), revoked } });
      return { matched: revoked, revoked };
    });
  }
}

/** The conditions that were given. Each session that they matched has a record of its own, for its person to see. */
function toDetails({ userId, ipAddress, createdBefore }: BulkFilter): AuditDetails {
  return {
    ...(userId !== undefined && { userId }),
    ...(ipAddress !== undefined && { ipAddress }),
    ...(createdBefore !== undefined && { createdBefore: createdBefore.toISOString() }),
  };
}
