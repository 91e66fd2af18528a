import { Injectable } from '@nestjs/common';
import { lowestId } from '../../common/id.js';
import { toPage, type Page, type PageRequest } from '../../common/pagination.js';
import { Database } from '../database/database.js';
import { AuditEvent } from './audit-event.entity.js';
import type { AuditType } from './audit-event.js';

/** Events must meet all conditions that are given. */
export interface AuditFilter {
  /** The account that the event is about. */
  readonly userId?: string | undefined;
  readonly actorId?: string | undefined;
  readonly type?: AuditType | undefined;
  /** The earliest time, inclusive. */
  readonly from?: Date | undefined;
  /** The latest time, exclusive. */
  readonly to?: Date | undefined;
}

@Injectable()
export class AuditService {
  constructor(private readonly database: Database) {}

  /** Returns one page of audit events, newest first. */
  async listEvents(filter: AuditFilter, { limit, after }: PageRequest): Promise<Page<AuditEvent>> {
    const { userId, actorId, type, from, to } = filter;
    const rows = await this.database.run((manager) => {
      const query = manager
        .createQueryBuilder(AuditEvent, 'event')
        .orderBy('event.id', 'DESC')
        .limit(limit + 1);
      if (userId !== undefined) query.andWhere('event.userId = :userId', { userId });
      if (actorId !== undefined) query.andWhere('event.actorId = :actorId', { actorId });
      if (type !== undefined) query.andWhere('event.type = :type', { type });
      // An ID starts with its time, so every index is also ordered by time.
      if (from !== undefined) query.andWhere('event.id >= :from', { from: lowestId(from) });
      if (to !== undefined) query.andWhere('event.id < :to', { to: lowestId(to) });
      if (after !== undefined) query.andWhere('event.id < :after', { after });
      return query.getMany();
    });
    return toPage(rows, limit);
  }
}
