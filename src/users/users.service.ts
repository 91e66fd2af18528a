import { Injectable } from '@nestjs/common';
import type { Client } from '../common/client.js';
import { newId } from '../common/id.js';
import { toPage, type Page, type PageRequest } from '../common/pagination.js';
import type { Principal } from '../common/principal.js';
import type { Role } from '../common/role.js';
import type { AuditEntry } from '../platform/audit/audit-event.js';
import { AuditRecorder } from '../platform/audit/audit.recorder.js';
import { Database, type EntityManager } from '../platform/database/database.js';
import { PasswordHasher } from '../platform/passwords/password-hasher.js';
import { PasswordPolicy } from '../platform/passwords/password-policy.js';
import { changedFields } from './changed-fields.js';
import { normalizeEmail } from './email.js';
import { PasswordConfirmationService } from './password-confirmation.service.js';
import type { User } from './user.entity.js';
import { UserHooks } from './user-hooks.js';
import { LastAdminError, UserNotFoundError } from './users.errors.js';
import { UsersRepository, type NewUserRow, type UserChanges, type UserFilter } from './users.repository.js';

export interface NewUser {
  readonly email: string;
  /** Without a password, the user gets an invitation to choose one. */
  readonly password?: string | undefined;
  readonly name?: string | null | undefined;
  readonly role?: Role | undefined;
  /** If false, the user gets a mail with a link to verify their email. */
  readonly isEmailVerified?: boolean | undefined;
}

/** The fields that users choose when they register. */
export type Registration = Pick<NewUser, 'email' | 'name'> & { readonly password: string };

@Injectable()
export class UsersService {
  constructor(
    private readonly database: Database,
    private readonly users: UsersRepository,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    private readonly confirmation: PasswordConfirmationService,
    private readonly hooks: UserHooks,
    private readonly audit: AuditRecorder,
  ) {}

  /**
   * Creates an account for the person who registers. Call `assertPasswordAcceptable` first.
   *
   * @param isMailAllowed whether the person gets a mail with a link to verify their email
   * @throws EmailTakenError, OverloadedError
   */
  async registerUser({ email, password, name }: Registration, client: Client, isMailAllowed: boolean): Promise<User> {
    const row = await this.toRow({ email, password, name }, client);
    const event = { type: 'user_created', userId: row.id, actor: { userId: row.id, client } } as const;
    return this.database.transactionWithRetry((manager) => this.insert(manager, row, event, isMailAllowed), client);
  }

  /**
   * Creates a user for an admin, or for a command if `actor` is `null`.
   *
   * @throws PasswordTooWeakError, EmailTakenError, OverloadedError
   * @throws the errors of `UserHooks.assertActorAllowed`
   */
  async createUser(user: NewUser, actor: Principal | null): Promise<User> {
    const { password } = user;
    if (password !== undefined) await this.assertPasswordAcceptable({ ...user, password });
    const row = await this.toRow(user);
    const details = { role: row.role, ...(row.invitation && { isInvited: true }), ...(!actor && { by: 'command' }) };
    return this.database.transactionWithRetry(async (manager) => {
      if (actor) await this.hooks.assertActorAllowed(manager, actor);
      return this.insert(manager, row, { type: 'user_created', userId: row.id, actor, details });
    });
  }

  /** @throws PasswordTooWeakError, OverloadedError */
  assertPasswordAcceptable({ email, password, name }: Registration): Promise<void> {
    return this.policy.assertAcceptable(password, { email: normalizeEmail(email), name }, '/password');
  }

  /** Returns a user. @throws UserNotFoundError */
  async getUser(id: string): Promise<User> {
    const user = await this.database.run((manager) => this.users.findById(manager, id));
    if (!user) throw new UserNotFoundError();
    return user;
  }

  /** Returns the user with an email. @throws UserNotFoundError */
  async getUserByEmail(email: string): Promise<User> {
    const user = await this.database.run((manager) => this.users.findByEmail(manager, normalizeEmail(email)));
    if (!user) throw new UserNotFoundError();
    return user;
  }

  /** Returns one page of users, newest first. */
  async listUsers(filter: UserFilter, page: PageRequest): Promise<Page<User>> {
    const rows = await this.database.run((manager) => this.users.list(manager, filter, page));
    return toPage(rows, page.limit);
  }

  async hasActiveAdmin(): Promise<boolean> {
    const { items } = await this.listUsers({ role: 'admin', isActive: true }, { limit: 1 });
    return items.length > 0;
  }

  /**
   * Updates a user. A new role or a deactivation takes effect on that user's next request.
   *
   * @throws UserNotFoundError, LastAdminError, EmailTakenError, the errors of `UserHooks.assertActorAllowed`
   */
  updateUser(id: string, given: UserChanges, actor: Principal): Promise<User> {
    return this.database.transactionWithRetry(async (manager) => {
      const before = await this.lockForUpdate(manager, id, given, actor);
      if (!before) throw new UserNotFoundError();
      // It can have been revoked while the request waited for the row.
      await this.hooks.assertActorAllowed(manager, actor);
      // An unchanged email stays verified.
      const changes = given.email === before.email ? { ...given, email: undefined } : given;
      if (isEmpty(changes)) return before;
      const after = await this.users.update(manager, before, changes);
      const details = changedFields(before, after);
      if (details) await this.audit.record(manager, { type: 'user_updated', userId: id, actor, details });
      if (before.email !== after.email) await this.hooks.runEmailChanged(manager, before, after);
      if (!before.isActive && after.isActive) await this.hooks.runActivated(manager, id);
      if (before.isActive && !after.isActive) await this.hooks.runDeactivated(manager, id, actor);
      return after;
    });
  }

  /**
   * Deletes a user and their sessions.
   *
   * @throws UserNotFoundError, LastAdminError
   * @throws the errors of `UserHooks.assertActorAllowed`
   */
  deleteUser(id: string, actor: Principal): Promise<void> {
    return this.database.transactionWithRetry(async (manager) => {
      if (!(await this.lockUnlessLastAdmin(manager, id))) throw new UserNotFoundError();
      await this.hooks.assertActorAllowed(manager, actor);
      await this.users.delete(manager, id);
      await this.audit.record(manager, { type: 'user_deleted', userId: id, actor });
    });
  }

  /**
   * Deletes the caller's account after checking their password, if they have one.
   *
   * @throws ValidationFailedError if the password is missing
   * @throws IncorrectPasswordError, TooManyRequestsError, OverloadedError, UserNotFoundError, LastAdminError
   * @throws the errors of `UserHooks.assertActorAllowed`
   */
  async deleteOwnAccount(actor: Principal, client: Client, password: string | undefined): Promise<void> {
    await this.confirmation.confirmPasswordIfAny(actor, client, password);
    await this.deleteUser(actor.userId, actor);
  }

  private async toRow(user: NewUser, client?: Client): Promise<NewUserRow> {
    const { password, name = null, role = 'user', isEmailVerified = false } = user;
    const email = normalizeEmail(user.email);
    const isInvited = password === undefined;
    const passwordHash = isInvited ? this.hasher.unusable() : await this.hasher.hash(password, client);
    return { id: newId(), email, passwordHash, name, role, isEmailVerified, invitation: isInvited ? 'sent' : null };
  }

  private async insert(
    manager: EntityManager,
    row: NewUserRow,
    event: AuditEntry,
    isMailAllowed = true,
  ): Promise<User> {
    const user = await this.users.insert(manager, row);
    await this.audit.record(manager, event);
    await this.hooks.runCreated(manager, user, isMailAllowed);
    return user;
  }

  /** Locks a user's row, and those of all admins if the actor is one and changes another user. @throws LastAdminError */
  private async lockForUpdate(
    manager: EntityManager,
    id: string,
    changes: UserChanges,
    { userId }: Principal,
  ): Promise<User | null | undefined> {
    if (changes.role === 'user' || changes.isActive === false) return this.lockUnlessLastAdmin(manager, id);
    if (id === userId) return this.users.lock(manager, id);
    // Includes the actor. Otherwise two admins who change each other could deadlock.
    return (await this.users.lockWithAdmins(manager, id)).find((user) => user.id === id);
  }

  /** Locks a user's row and returns the user. @throws LastAdminError if no other active admin would remain */
  private async lockUnlessLastAdmin(manager: EntityManager, id: string): Promise<User | undefined> {
    const locked = await this.users.lockWithAdmins(manager, id);
    const user = locked.find((candidate) => candidate.id === id);
    if (user?.role === 'admin' && user.isActive && locked.length === 1) throw new LastAdminError();
    return user;
  }
}

/** Returns whether no field was sent. In a DTO, missing fields are present as `undefined`. */
function isEmpty(changes: object): boolean {
  return Object.values(changes).every((value) => value === undefined);
}
