import { Injectable } from '@nestjs/common';
import type { EntityManager, SelectQueryBuilder } from 'typeorm';
import type { AuthenticationMethod } from '../common/authentication.js';
import type { PageRequest } from '../common/pagination.js';
import type { AccessClaims } from '../common/principal.js';
import type { AuditEntry } from '../platform/audit/audit-event.js';
import { eventsParameter } from '../platform/audit/audit-sql.js';
import type { Revocation, RevocationReason } from './revocation.js';
import { Session } from './session.entity.js';
import type { RevocationFilter, SessionFilter } from './session-filter.js';
import { filterParameters, LOCK_USERS, revokeSql } from './revocation-sql.js';
import { revocations } from './sessions.metrics.js';

/** The time of the statement in seconds since 1970, as `Authentications` has it. */
const NOW_SECONDS = 'floor(extract(epoch FROM now()))';

export type NewSession = Pick<Session, 'id' | 'userId' | 'refreshSalt' | 'userAgent' | 'deviceName' | 'ipAddress'>;

/** Not revoked, and within both timeouts by the database's clock. */
const ACTIVE = '(session.revokedAt IS NULL AND session.idleExpiresAt > now() AND session.expiresAt > now())';

@Injectable()
export class SessionsRepository {
  private readonly revocationEffects: string[] = [];

  /** Inserts a session whose timeouts start now, by the database's clock. */
  async insert(
    manager: EntityManager,
    row: NewSession,
    { idleMs, absoluteMs }: { idleMs: number; absoluteMs: number },
    methods: readonly AuthenticationMethod[] = [],
  ): Promise<Session> {
    await manager
      .createQueryBuilder()
      .insert()
      .into(Session)
      .values({
        ...row,
        authentications: () =>
          `(SELECT coalesce(jsonb_object_agg(method, ${NOW_SECONDS}), '{}') FROM unnest(:methods::text[]) AS method)`,
        idleExpiresAt: () => `now() + least(:idleMs::float8, :absoluteMs::float8) * interval '1 millisecond'`,
        expiresAt: () => `now() + :absoluteMs::float8 * interval '1 millisecond'`,
      })
      .setParameters({ idleMs, absoluteMs, methods })
      .updateEntity(false)
      .execute();
    return manager.findOneByOrFail(Session, { id: row.id, userId: row.userId });
  }

  findOne(manager: EntityManager, filter: SessionFilter): Promise<Session | null> {
    return this.select(manager, filter).getOne();
  }

  /** Returns all matching sessions, ordered by last activity, most recent first. */
  list(manager: EntityManager, filter: SessionFilter): Promise<Session[]> {
    return this.select(manager, filter)
      .orderBy('session.lastSeenAt', 'DESC')
      .addOrderBy('session.id', 'DESC')
      .getMany();
  }

  /** Returns matching sessions, newest first. Reads one row more than the page. */
  listPage(manager: EntityManager, filter: SessionFilter, page: PageRequest): Promise<Session[]> {
    const query = this.select(manager, filter);
    if (page.after) query.andWhere('session.id < :after', { after: page.after });
    return query
      .orderBy('session.id', 'DESC')
      .limit(page.limit + 1)
      .getMany();
  }

  count(manager: EntityManager, filter: SessionFilter): Promise<number> {
    return this.select(manager, filter).getCount();
  }

  /** Returns the IDs of a user's active sign-ins, except the newest `keep` and the one with the ID `exceptId`. */
  async findSurplus(
    manager: EntityManager,
    userId: string,
    keep: number,
    exceptId: string | null = null,
  ): Promise<string[]> {
    const rows = await this.select(manager, { userId, kind: 'sign_in', isActive: true })
      .andWhere('(:exceptId::uuid IS NULL OR session.id <> :exceptId)', { exceptId })
      .select('session.id', 'id')
      .orderBy('session.createdAt', 'DESC')
      .addOrderBy('session.id', 'DESC')
      .offset(keep)
      .getRawMany<{ id: string }>();
    return rows.map(({ id }) => id);
  }

  /**
   * Locks the users of the matching sessions until the transaction ends. Call it before `revoke`, unless they are already
   * locked. Otherwise `revoke` may wait for one of these sessions to create an API key, and not see that key.
   */
  async lockUsers(manager: EntityManager, filter: RevocationFilter): Promise<void> {
    await manager.query(LOCK_USERS, filterParameters(filter));
  }

  /**
   * Adds a statement of a higher module to `revoke`, which runs it without another round trip.
   *
   * @param sql without parameters. Can read the revoked sessions from `revoked`
   */
  onRevoked(sql: string): void {
    this.revocationEffects.push(sql);
  }

  /**
   * Revokes the matching sessions, records an audit event for each in the same statement, and returns their number. A
   * session that is already revoked keeps its first reason. The reason of a sign-out becomes `key_revoked` for API keys.
   * Without session IDs, locks each user before their sessions, and all rows in ID order. It therefore cannot deadlock
   * with another revocation or with the deletion of a user.
   *
   * @param summary is recorded with the number of sessions, as `details.revoked`
   */
  async revoke(
    manager: EntityManager,
    filter: RevocationFilter,
    { reason, actor }: Revocation,
    summary?: AuditEntry,
  ): Promise<number> {
    const locksUsers = filter.id === undefined && filter.ids === undefined;
    const revoked = await manager.query<{ reason: RevocationReason; count: number }[]>(
      revokeSql(locksUsers, summary !== undefined, this.revocationEffects),
      [
        ...filterParameters(filter),
        reason,
        actor?.userId ?? null,
        eventsParameter([{ type: 'session_revoked', actor }]),
        ...(summary ? [eventsParameter([summary])] : []),
      ],
    );
    for (const { count, ...labels } of revoked) revocations.add(labels, count);
    return revoked.reduce((sum, { count }) => sum + count, 0);
  }

  /** Revokes one session, unless it is already revoked. Returns whether such a session exists. */
  async revokeOne(manager: EntityManager, filter: SessionFilter & { id: string }, cause: Revocation): Promise<boolean> {
    const { id, userId, kind } = filter;
    if ((await this.revoke(manager, { id, userId, kind }, cause)) === 1) return true;
    return (await this.findOne(manager, filter)) !== null;
  }

  /** Records that the user has authenticated in a session now. Returns false if the session has ended. */
  async recordAuthentication(
    manager: EntityManager,
    { sessionId, userId }: AccessClaims,
    method: AuthenticationMethod,
  ): Promise<boolean> {
    const [, affected] = await manager.query<[unknown, number]>(
      `UPDATE sessions SET authentications = authentications || jsonb_build_object($3::text, ${NOW_SECONDS})
        WHERE id = $1 AND user_id = $2 AND revoked_at IS NULL AND idle_expires_at > now() AND expires_at > now()`,
      [sessionId, userId, method],
    );
    return affected === 1;
  }

  /** Locks a session's row until the transaction ends. */
  lock(manager: EntityManager, id: string): Promise<Session | null> {
    return manager.findOne(Session, { where: { id }, lock: { mode: 'for_no_key_update' } });
  }

  /** Sets an earlier absolute timeout, and limits the idle timeout to it. */
  async expireAt(manager: EntityManager, { id, userId }: Session, expiresAt: Date): Promise<Session> {
    await manager
      .createQueryBuilder()
      .update(Session)
      .set({ expiresAt, idleExpiresAt: () => 'least(idle_expires_at, :expiresAt::timestamptz)' })
      .where({ id, userId })
      .setParameters({ expiresAt })
      .execute();
    return manager.findOneByOrFail(Session, { id, userId });
  }

  private select(manager: EntityManager, filter: SessionFilter): SelectQueryBuilder<Session> {
    const query = manager.createQueryBuilder(Session, 'session');
    const { id, userId, kind, ipAddress, createdBefore, isActive } = filter;
    if (id !== undefined) query.andWhere('session.id = :id', { id });
    if (userId !== undefined) query.andWhere('session.userId = :userId', { userId });
    if (kind !== undefined) query.andWhere('session.kind = :kind', { kind });
    if (ipAddress !== undefined) query.andWhere('session.ipAddress = :ipAddress', { ipAddress });
    if (createdBefore !== undefined) query.andWhere('session.createdAt < :createdBefore', { createdBefore });
    if (isActive !== undefined) query.andWhere(isActive ? ACTIVE : `NOT ${ACTIVE}`);
    return query;
  }
}
