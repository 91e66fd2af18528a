import { Injectable } from '@nestjs/common';
import type { EntityManager, SelectQueryBuilder } from 'typeorm';
import { eventsParameter, insertEvents } from '../platform/audit/audit-sql.js';
import type { PageRequest } from '../common/pagination.js';
import type { Revocation } from './revocation.js';
import { Session } from './session.entity.js';

export type NewSession = Pick<Session, 'id' | 'userId' | 'refreshSalt' | 'userAgent' | 'deviceName' | 'ipAddress'>;

/** Which sessions are meant. Conditions that are left out do not narrow; all that are given must hold. */
export interface SessionFilter {
  readonly id?: string | undefined;
  readonly ids?: readonly string[] | undefined;
  readonly exceptId?: string | undefined;
  readonly userId?: string | undefined;
  readonly ipAddress?: string | undefined;
  readonly createdBefore?: Date | undefined;
  readonly isActive?: boolean | undefined;
}

/** A session that still opens doors: not revoked, and within both limits, by the database's clock. */
const ACTIVE = '(session.revokedAt IS NULL AND session.idleExpiresAt > now() AND session.expiresAt > now())';

/** What the record of a revocation takes from the session: whose it was, which, and on what device. */
const REVOKED = {
  user_id: 'revoked.user_id',
  session_id: 'revoked.id',
  details: `jsonb_build_object('device', coalesce(revoked.device_name, revoked.user_agent))`,
};

@Injectable()
export class SessionsRepository {
  /**
   * Begins a session, with its limits counted from the database's clock.
   *
   * @param limits milliseconds
   */
  async insert(manager: EntityManager, row: NewSession, limits: { idle: number; absolute: number }): Promise<Session> {
    await manager
      .createQueryBuilder()
      .insert()
      .into(Session)
      .values({
        ...row,
        idleExpiresAt: () => `now() + least(:idle::float8, :absolute::float8) * interval '1 millisecond'`,
        expiresAt: () => `now() + :absolute::float8 * interval '1 millisecond'`,
      })
      .setParameters(limits)
      .updateEntity(false)
      .execute();
    return manager.findOneByOrFail(Session, { id: row.id });
  }

  findOne(manager: EntityManager, filter: SessionFilter): Promise<Session | null> {
    return this.select(manager, filter).getOne();
  }

  /** All sessions that match, most recently seen first. */
  list(manager: EntityManager, filter: SessionFilter): Promise<Session[]> {
    return this.select(manager, filter)
      .orderBy('session.lastSeenAt', 'DESC')
      .addOrderBy('session.id', 'DESC')
      .getMany();
  }

  /** One page of the sessions that match, newest first; one row more than the page holds. */
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

  /** The ids of the active sessions of a user, but for the newest `keep`. */
  async surplus(manager: EntityManager, userId: string, keep: number): Promise<string[]> {
    const rows = await this.select(manager, { userId, isActive: true })
      .select('session.id', 'id')
      .orderBy('session.createdAt', 'DESC')
      .addOrderBy('session.id', 'DESC')
      .offset(keep)
      .getRawMany<{ id: string }>();
    return rows.map(({ id }) => id);
  }

  /**
   * Ends the sessions that match and are not revoked yet, and writes down each, in the same statement; a session keeps
   * its first reason. The rows are locked in one order, so that two revocations of many sessions wait for each other
   * instead of deadlocking.
   *
   * @returns how many it ended
   */
  async revoke(manager: EntityManager, filter: SessionFilter, { reason, actor }: Revocation): Promise<number> {
    const matching = this.select(manager, filter)
      .select('session.id')
      .andWhere('session.revokedAt IS NULL')
      .orderBy('session.id')
      .setLock('for_no_key_update');
    const [update, parameters]: [string, unknown[]] = manager
      .createQueryBuilder()
      .update(Session)
      .set({ revokedAt: () => 'now()', revokedReason: reason, revokedBy: actor?.userId ?? null })
      .where(`id IN (${matching.getQuery()}) AND revoked_at IS NULL`)
      .setParameters(matching.getParameters())
      .returning('*')
      .getQueryAndParameters();
    const tell = insertEvents(parameters.length + 1, { from: 'revoked', columns: REVOKED });
    const [row] = await manager.query<{ count: number }[]>(
      `WITH revoked AS (${update}), told AS (${tell}) SELECT count(*)::int AS count FROM revoked`,
      [...parameters, eventsParameter([{ type: 'session_revoked', reason, actor }])],
    );
    return row?.count ?? 0;
  }

  /** Ends one session; one that has ended already stays as it is. Says whether there is such a session at all. */
  async revokeOne(manager: EntityManager, filter: SessionFilter & { id: string }, cause: Revocation): Promise<boolean> {
    return (await this.revoke(manager, filter, cause)) === 1 || (await this.findOne(manager, filter)) !== null;
  }

  /** Holds a session's row until the transaction ends; whoever rotates, revokes or expires it waits. */
  lock(manager: EntityManager, id: string): Promise<Session | null> {
    return manager.findOne(Session, { where: { id }, lock: { mode: 'for_no_key_update' } });
  }

  /** Brings a session's end forward, and the idle limit with it. */
  async bringForward(manager: EntityManager, id: string, expiresAt: Date): Promise<Session> {
    const changes = { expiresAt, idleExpiresAt: () => 'least(idle_expires_at, :expiresAt::timestamptz)' };
    await manager
      .createQueryBuilder()
      .update(Session)
      .set(changes)
      .where({ id })
      .setParameters({ expiresAt })
      .execute();
    return manager.findOneByOrFail(Session, { id });
  }

  private select(manager: EntityManager, filter: SessionFilter): SelectQueryBuilder<Session> {
    const query = manager.createQueryBuilder(Session, 'session');
    const { id, ids, exceptId, userId, ipAddress, createdBefore, isActive } = filter;
    if (id !== undefined) query.andWhere('session.id = :id', { id });
    if (ids !== undefined) query.andWhere('session.id = ANY(:ids)', { ids });
    if (exceptId !== undefined) query.andWhere('session.id <> :exceptId', { exceptId });
    if (userId !== undefined) query.andWhere('session.userId = :userId', { userId });
    if (ipAddress !== undefined) query.andWhere('session.ipAddress = :ipAddress', { ipAddress });
    if (createdBefore !== undefined) query.andWhere('session.createdAt < :createdBefore', { createdBefore });
    if (isActive !== undefined) query.andWhere(isActive ? ACTIVE : `NOT ${ACTIVE}`);
    return query;
  }
}
