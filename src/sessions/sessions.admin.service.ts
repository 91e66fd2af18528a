import { Injectable } from '@nestjs/common';
import { ValidationFailedError } from '../common/domain.error.js';
import { toPage, type Page, type PageRequest } from '../common/pagination.js';
import type { Principal } from '../common/principal.js';
import type { AuditDetails } from '../platform/audit/audit-event.js';
import { AuditRecorder } from '../platform/audit/audit.recorder.js';
import { Database } from '../platform/database/database.js';
import type { Session } from './session.entity.js';
import type { SessionFilter } from './session-filter.js';
import { UnknownSessionError } from './sessions.errors.js';
import { SessionsRepository } from './sessions.repository.js';

/** Conditions for a bulk revocation. At least one is required. */
export type BulkFilter = Pick<SessionFilter, 'userId' | 'ipAddress' | 'createdBefore'>;

/** Lists, revokes and expires the sessions of all users, for admins. */
@Injectable()
export class SessionsAdminService {
  constructor(
    private readonly database: Database,
    private readonly sessions: SessionsRepository,
    private readonly audit: AuditRecorder,
  ) {}

  /** Returns one page of sessions, newest first. */
  async listSessions(
    filter: Pick<SessionFilter, 'userId' | 'kind' | 'isActive'>,
    page: PageRequest,
  ): Promise<Page<Session>> {
    const rows = await this.database.run((manager) => this.sessions.listPage(manager, filter, page));
    return toPage(rows, page.limit);
  }

  /** Revokes a session. Succeeds if it is already revoked. @throws UnknownSessionError */
  async revokeSession(actor: Principal, id: string): Promise<void> {
    const exists = await this.database.run((manager) =>
      this.sessions.revokeOne(manager, { id }, { reason: 'admin', actor }),
    );
    if (!exists) throw new UnknownSessionError();
  }

  /**
   * Makes a session expire earlier.
   *
   * @throws UnknownSessionError
   * @throws ValidationFailedError if `expiresAt` is later than the current value
   */
  expireSession(actor: Principal, id: string, expiresAt: Date): Promise<Session> {
    return this.database.transactionWithRetry(async (manager) => {
      const before = await this.sessions.lock(manager, id);
      if (!before) throw new UnknownSessionError();
      const from = before.expiresAt.toISOString();
      if (expiresAt > before.expiresAt) {
        const message = `must not be later than the current value, ${from}`;
        throw new ValidationFailedError([{ pointer: '/expiresAt', code: 'too_late', params: { max: from }, message }]);
      }
      const session = await this.sessions.expireAt(manager, before, expiresAt);
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
   * Revokes all active sessions that match. A dry run only counts them.
   *
   * @throws ValidationFailedError without a condition, because that would revoke every session
   */
  async revokeMatchingSessions(
    actor: Principal,
    filter: BulkFilter,
    dryRun: boolean,
  ): Promise<{ matched: number; revoked: number }> {
    if (Object.values<unknown>(filter).every((condition) => condition === undefined)) {
      const message = 'needs at least one of userId, ipAddress, createdBefore';
      throw new ValidationFailedError([
        { pointer: '', code: 'required', params: { oneOf: ['userId', 'ipAddress', 'createdBefore'] }, message },
      ]);
    }
    const active = { ...filter, isActive: true } as const;
    if (dryRun) {
      const matched = await this.database.run((manager) => this.sessions.count(manager, active));
      return { matched, revoked: 0 };
    }
    return this.database.transactionWithRetry(async (manager) => {
      await this.sessions.lockUsers(manager, active);
      const summary = { type: 'sessions_revoked', actor, details: toDetails(filter) } as const;
      const revoked = await this.sessions.revoke(manager, active, { reason: 'admin', actor }, summary);
      return { matched: revoked, revoked };
    });
  }
}

/** Returns the conditions of a bulk revocation. Each revoked session also has an audit event of its own. */
function toDetails({ userId, ipAddress, createdBefore }: BulkFilter): AuditDetails {
  return {
    ...(userId !== undefined && { userId }),
    ...(ipAddress !== undefined && { ipAddress }),
    ...(createdBefore !== undefined && { createdBefore: createdBefore.toISOString() }),
  };
}
