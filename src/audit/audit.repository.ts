import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { AuditEvent } from './audit-event.entity.js';

export type NewAuditEvent = Omit<AuditEvent, 'occurredAt'>;

@Injectable()
export class AuditRepository {
  async insert(manager: EntityManager, event: NewAuditEvent): Promise<void> {
    await manager.createQueryBuilder().insert().into(AuditEvent).values(event).updateEntity(false).execute();
  }
}
