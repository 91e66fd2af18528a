import { Injectable } from '@nestjs/common';
import { In, type EntityManager } from 'typeorm';
import { User } from '../../users/user.entity.js';

/** Finds users who must be invited, and marks them as invited. */
@Injectable()
export class InvitationsRepository {
  /** Locks active users who must get an invitation, by ID. Skips those that another command has locked. */
  lockDue(manager: EntityManager, limit: number): Promise<User[]> {
    return manager
      .createQueryBuilder(User, 'user')
      .where(`user.invitation = 'due' AND user.isActive`)
      .orderBy('user.id')
      .limit(limit)
      .setLock('for_no_key_update')
      .setOnLocked('skip_locked')
      .getMany();
  }

  countDue(manager: EntityManager): Promise<number> {
    return manager.countBy(User, { invitation: 'due', isActive: true });
  }

  async markSent(manager: EntityManager, ids: readonly string[]): Promise<void> {
    await manager.update(User, { id: In([...ids]) }, { invitation: 'sent' });
  }
}
