import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { lowestId } from '../../common/id.js';
import type { PageRequest } from '../../common/pagination.js';
import { AuditEvent } from './audit-event.entity.js';
import type { AuditDetails, AuditEntry, AuditType } from './audit-event.js';
import { eventsParameter, insertEvents, lowestIdAt } from './audit-sql.js';

/** Which events are meant. Conditions that are left out do not narrow; all that are given must hold. */
export interface AuditFilter {
  /** Whose account it concerns. */
  readonly userId?: string | undefined;
  /** Who did it. */
  readonly actorId?: string | undefined;
  readonly type?: AuditType | undefined;
  /** Not before this time. */
  readonly from?: Date | undefined;
  /** Before this time. */
  readonly to?: Date | undefined;
}

/** Old events that were looked at together, and deleted unless somebody else was faster. */
export interface PrunedBatch {
  readonly deleted: number;
  /** The id of the youngest. */
  readonly last: string;
  /** When the oldest happened, and the youngest. */
  readonly from: Date;
  readonly to: Date;
  /** What happened before this time is old. */
  readonly until: Date;
}

@Injectable()
export class AuditRepository {
  async insert(manager: EntityManager, entries: readonly AuditEntry[]): Promise<void> {
    await manager.query(insertEvents(1), [eventsParameter(entries)]);
  }

  /** Newest first; one row more than the page holds, to tell whether there is another page. */
  list(manager: EntityManager, filter: AuditFilter, page: PageRequest): Promise<AuditEvent[]> {
    const query = manager
      .createQueryBuilder(AuditEvent, 'event')
      .orderBy('event.id', 'DESC')
      .limit(page.limit + 1);
    const { userId, actorId, type, from, to } = filter;
    if (userId !== undefined) query.andWhere('event.userId = :userId', { userId });
    if (actorId !== undefined) query.andWhere('event.actorId = :actorId', { actorId });
    if (type !== undefined) query.andWhere('event.type = :type', { type });
    // An id begins with its time, so every index bounds the time too.
    if (from !== undefined) query.andWhere('event.id >= :from', { from: lowestId(from) });
    if (to !== undefined) query.andWhere('event.id < :to', { to: lowestId(to) });
    if (page.after !== undefined) query.andWhere('event.id < :after', { after: page.after });
    return query.getMany();
  }

  /**
   * Deletes the oldest `limit` events after the id `after` that are older than `retention` milliseconds. No row is
   * locked first: that would take the right to update.
   *
   * @returns null where there is none
   */
  async pruneBatch(
    manager: EntityManager,
    { after, retention, limit }: { after: string | null; retention: number; limit: number },
  ): Promise<PrunedBatch | null> {
    const until = `(now() - $2::float8 * interval '1 millisecond')`;
    const [row] = await manager.query<PrunedBatch[]>(
      `WITH old AS (
         SELECT id, occurred_at FROM audit_events
          WHERE ($1::uuid IS NULL OR id > $1) AND id < ${lowestIdAt(until)} ORDER BY id LIMIT $3),
       deleted AS (
         DELETE FROM audit_events USING old WHERE audit_events.id = old.id RETURNING 1)
       SELECT (SELECT count(*)::int FROM deleted) AS deleted, id AS last, (SELECT min(occurred_at) FROM old) AS "from",
              occurred_at AS "to", ${until} AS until
         FROM old ORDER BY id DESC LIMIT 1`,
      [after, retention, limit],
    );
    return row ?? null;
  }

  /** The details of what happened to these users, by the user's id. */
  async detailsOf(
    manager: EntityManager,
    type: AuditType,
    userIds: readonly string[],
  ): Promise<ReadonlyMap<string, AuditDetails>> {
    const rows = await manager.query<{ userId: string; details: AuditDetails | null }[]>(
      `SELECT user_id AS "userId", details FROM audit_events WHERE user_id = ANY ($1) AND type = $2 ORDER BY id`,
      [userIds, type],
    );
    return new Map(rows.map(({ userId, details }) => [userId, details ?? {}]));
  }
}
