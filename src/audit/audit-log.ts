import { Injectable } from '@nestjs/common';
import { newId } from '../common/id.js';
import type { EntityManager } from '../database/database.js';
import type { AuditEntry } from './audit-event.js';
import { AuditRepository } from './audit.repository.js';

/** The append-only record of what happened to accounts (ASVS 16.3). */
@Injectable()
export class AuditLog {
  constructor(private readonly events: AuditRepository) {}

  /** Writes down what happened, in the transaction that does it: one is never there without the other. */
  async record(manager: EntityManager, entry: AuditEntry): Promise<void> {
    const { type, outcome = 'success', reason = null, userId = null, actor, details = null } = entry;
    await this.events.insert(manager, {
      id: newId(),
      type,
      outcome,
      reason,
      userId,
      actorId: actor?.userId ?? null,
      sessionId: (entry.sessionId === undefined ? actor?.sessionId : entry.sessionId) ?? null,
      ipAddress: actor?.client.ipAddress ?? null,
      userAgent: actor?.client.userAgent ?? null,
      details,
    });
  }
}
