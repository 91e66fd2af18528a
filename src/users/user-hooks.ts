import { Injectable } from '@nestjs/common';
import type { Principal } from '../common/principal.js';
import type { EntityManager } from '../platform/database/database.js';
import type { User } from './user.entity.js';

type ActorCheck = (manager: EntityManager, actor: Principal) => Promise<void>;
type CreationHook = (manager: EntityManager, user: User, isMailAllowed: boolean) => Promise<void>;
type EmailChangeHook = (manager: EntityManager, before: User, after: User) => Promise<void>;
type ActivationHook = (manager: EntityManager, userId: string) => Promise<void>;
type DeactivationHook = (manager: EntityManager, userId: string, actor: Principal) => Promise<void>;

/**
 * Runs hooks of higher modules when a user changes, in the same transaction. For example, deactivating a user revokes
 * their sessions. `users` cannot call those modules, because imports go down only. After a deadlock, the transaction is
 * retried with its hooks, so a hook must change nothing outside the database.
 */
@Injectable()
export class UserHooks {
  private readonly actorChecks: ActorCheck[] = [];
  private readonly creationHooks: CreationHook[] = [];
  private readonly emailChangeHooks: EmailChangeHook[] = [];
  private readonly activationHooks: ActivationHook[] = [];
  private readonly deactivationHooks: DeactivationHook[] = [];

  addActorCheck(check: ActorCheck): void {
    this.actorChecks.push(check);
  }

  onCreated(hook: CreationHook): void {
    this.creationHooks.push(hook);
  }

  /** Runs when an admin changes an email. */
  onEmailChanged(hook: EmailChangeHook): void {
    this.emailChangeHooks.push(hook);
  }

  /** Runs when an admin activates an inactive user. */
  onActivated(hook: ActivationHook): void {
    this.activationHooks.push(hook);
  }

  onDeactivated(hook: DeactivationHook): void {
    this.deactivationHooks.push(hook);
  }

  /**
   * Checks again that the actor is still authorized, and locks that state until the transaction ends. Call it in changes
   * that start long after the guards ran. Hashing a password can take seconds, and a revocation must take effect then.
   *
   * @throws the errors of the registered checks, such as SessionRevokedError
   */
  async assertActorAllowed(manager: EntityManager, actor: Principal): Promise<void> {
    for (const check of this.actorChecks) await check(manager, actor);
  }

  async runCreated(manager: EntityManager, user: User, isMailAllowed: boolean): Promise<void> {
    for (const hook of this.creationHooks) await hook(manager, user, isMailAllowed);
  }

  async runEmailChanged(manager: EntityManager, before: User, after: User): Promise<void> {
    for (const hook of this.emailChangeHooks) await hook(manager, before, after);
  }

  async runActivated(manager: EntityManager, userId: string): Promise<void> {
    for (const hook of this.activationHooks) await hook(manager, userId);
  }

  async runDeactivated(manager: EntityManager, userId: string, actor: Principal): Promise<void> {
    for (const hook of this.deactivationHooks) await hook(manager, userId, actor);
  }
}
