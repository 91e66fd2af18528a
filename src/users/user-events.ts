import { Injectable } from '@nestjs/common';
import type { EntityManager } from '../database/database.js';

type DeactivationListener = (manager: EntityManager, userId: string, actorId: string) => Promise<void>;

/**
 * What other features do when a user changes, in the same transaction. Sessions end when their user is
 * deactivated, and `users` need not know that there are sessions: arrows run down, and this is how an answer
 * comes back up.
 */
@Injectable()
export class UserEvents {
  private readonly onDeactivation: DeactivationListener[] = [];

  onDeactivated(listener: DeactivationListener): void {
    this.onDeactivation.push(listener);
  }

  /** Tells every listener, one after the other, on the transaction's own connection. */
  async deactivated(manager: EntityManager, userId: string, actorId: string): Promise<void> {
    for (const listener of this.onDeactivation) await listener(manager, userId, actorId);
  }
}
