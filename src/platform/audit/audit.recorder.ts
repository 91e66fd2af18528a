import { Injectable } from '@nestjs/common';
import type { EntityManager } from '../database/database.js';
import type { AuditDetails, AuditEntry, AuditType } from './audit-event.js';
import { eventsParameter, insertEvents } from './audit-sql.js';

const INSERT_EVENTS = insertEvents(1);

/** Records audit events (ASVS 16.3). Pass the transaction of the action: if the event fails, the action fails too. */
@Injectable()
export class AuditRecorder {
  record(manager: EntityManager, entry: AuditEntry): Promise<void> {
    return this.recordAll(manager, [entry]);
  }

  /** Records many events in one statement. */
  async recordAll(manager: EntityManager, entries: readonly AuditEntry[]): Promise<void> {
    await manager.query(INSERT_EVENTS, [eventsParameter(entries)]);
  }

  /** Returns the details of each user's latest event of this type, by user ID. */
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
