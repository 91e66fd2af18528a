import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { MailRow } from './mail.entity.js';

export type NewMailRow = Pick<MailRow, 'id' | 'kind' | 'recipient' | 'sealed'>;

@Injectable()
export class MailRepository {
  async insert(manager: EntityManager, row: NewMailRow): Promise<void> {
    await manager.createQueryBuilder().insert().into(MailRow).values(row).updateEntity(false).execute();
  }
}
