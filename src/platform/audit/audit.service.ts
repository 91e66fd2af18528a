import { Injectable } from '@nestjs/common';
import { toPage, type Page, type PageRequest } from '../../common/pagination.js';
import { Database } from '../database/database.js';
import type { AuditEvent } from './audit-event.entity.js';
import { AuditRepository, type AuditFilter } from './audit.repository.js';

/** What was written down, to be read. */
@Injectable()
export class AuditService {
  constructor(
    private readonly database: Database,
    private readonly events: AuditRepository,
  ) {}

  /** One page of events, newest first. */
  async list(filter: AuditFilter, page: PageRequest): Promise<Page<AuditEvent>> {
    const rows = await this.database.run((manager) => this.events.list(manager, filter, page));
    return toPage(rows, page.limit);
  }
}
