import { Injectable } from '@nestjs/common';
import type { EntityManager } from '../database/database.js';
import type { AuditDetails, AuditEntry, AuditType } from './audit-event.js';
import { AuditRepository } from './audit.repository.js';

/** The append-only record of what happened to accounts (ASVS 16.3). */
@Injectable()
export class AuditRecorder {
  constructor(private readonly events: AuditRepository) {}

  /** Writes down what happened, in the transaction that does it: one is never there without the other. */
  record(manager: EntityManager, entry: AuditEntry): Promise<void> {
    return this.events.insert(manager, [entry]);
  }

  /** Writes down many things in one statement, in the transaction that does them. */
  recordAll(manager: EntityManager, entries: readonly AuditEntry[]): Promise<void> {
    return this.events.insert(manager, entries);
  }

  /** The details of what happened to these users, by the user's id. */
  detailsOf(
    manager: EntityManager,
    type: AuditType,
    userIds: readonly string[],
  ): Promise<ReadonlyMap<string, AuditDetails>> {
    return this.events.detailsOf(manager, type, userIds);
  }
}
