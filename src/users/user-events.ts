import { Injectable } from '@nestjs/common';
import type { Principal } from '../common/principal.js';
import type { EntityManager } from '../platform/database/database.js';
import type { User } from './user.entity.js';

type ActorCheck = (manager: EntityManager, actor: Principal) => Promise<void>;
type CreationListener = (manager: EntityManager, user: User) => Promise<void>;
type DeactivationListener = (manager: EntityManager, userId: string, actor: Principal) => Promise<void>;

/**
 * What other features have to do with a change of a user, in the same transaction: a new user is asked to confirm the
 * address, sessions end when their user is deactivated, and only an actor whose session still stands may act. `users`
 * need not know that there are sessions: arrows run down, and this is how an answer comes back up.
 */
@Injectable()
export class UserEvents {
  private readonly actorChecks: ActorCheck[] = [];
  private readonly onCreation: CreationListener[] = [];
  private readonly onDeactivation: DeactivationListener[] = [];

  onActing(check: ActorCheck): void {
    this.actorChecks.push(check);
  }

  /**
   * Makes sure that an actor still may act, until the transaction ends. For changes that come long after the guards:
   * hashing a password can take seconds on a busy server, and a revocation in between must hold.
   *
   * @throws what the check of a feature throws, such as SessionRevokedError
   */
  async acting(manager: EntityManager, actor: Principal): Promise<void> {
    for (const check of this.actorChecks) await check(manager, actor);
  }

  onCreated(listener: CreationListener): void {
    this.onCreation.push(listener);
  }

  /** Tells every listener of a new user, one after the other, on the transaction's own connection. */
  async created(manager: EntityManager, user: User): Promise<void> {
    for (const listener of this.onCreation) await listener(manager, user);
  }

  onDeactivated(listener: DeactivationListener): void {
    this.onDeactivation.push(listener);
  }

  /** Tells every listener, one after the other, on the transaction's own connection. */
  async deactivated(manager: EntityManager, userId: string, actor: Principal): Promise<void> {
    for (const listener of this.onDeactivation) await listener(manager, userId, actor);
  }
}
