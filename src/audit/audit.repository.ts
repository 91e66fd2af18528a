import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { AuditEntry } from './audit-event.js';
import { eventsParameter, insertEvents } from './audit-sql.js';

@Injectable()
export class AuditRepository {
  async insert(manager: EntityManager, entries: readonly AuditEntry[]): Promise<void> {
    await manager.query(insertEvents(1), [eventsParameter(entries)]);
  }
}
