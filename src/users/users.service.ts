import { Injectable } from '@nestjs/common';
import type { AuditDetails, AuditEntry } from '../platform/audit/audit-event.js';
import { AuditRecorder } from '../platform/audit/audit.recorder.js';
import type { Client } from '../common/client.js';
import { newId } from '../common/id.js';
import { toPage, type Page, type PageRequest } from '../common/pagination.js';
import type { Principal } from '../common/principal.js';
import type { Role } from '../common/role.js';
import { Database, type EntityManager } from '../platform/database/database.js';
import { PasswordHasher } from '../platform/passwords/password-hasher.js';
import { PasswordPolicy } from '../platform/passwords/password-policy.js';
import { CredentialsService } from './credentials.service.js';
import { normalizeEmail } from './email.js';
import { UserEvents } from './user-events.js';
import type { User } from './user.entity.js';
import { LastAdminError, UserNotFoundError } from './users.errors.js';
import { UsersRepository, type NewUserRow, type UserChanges, type UserFilter } from './users.repository.js';

export interface NewUser {
  readonly email: string;
  readonly password: string;
  readonly name?: string | null | undefined;
  readonly role?: Role | undefined;
  /** Whether the address is known to be the user's; otherwise they are asked to show it. */
  readonly isEmailVerified?: boolean | undefined;
}

/** What somebody says of themselves when they register: neither their role, nor that their address is theirs. */
export type Registration = Pick<NewUser, 'email' | 'password' | 'name'>;

@Injectable()
export class UsersService {
  constructor(
    private readonly database: Database,
    private readonly users: UsersRepository,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    private readonly credentials: CredentialsService,
    private readonly events: UserEvents,
    private readonly audit: AuditRecorder,
  ) {}

  /**
   * Creates an account for the person who asks for it.
   *
   * @throws PasswordTooWeakError
   * @throws EmailTakenError
   * @throws OverloadedError
   */
  async register({ email, password, name }: Registration, client: Client): Promise<User> {
    const row = await this.toRow({ email, password, name });
    return this.database.transaction((manager) => {
      const actor = { userId: row.id, client };
      return this.insert(manager, row, { type: 'user_created', userId: row.id, actor });
    });
  }

  /**
   * Creates a user in the name of an admin; without one, of a command.
   *
   * @throws PasswordTooWeakError
   * @throws EmailTakenError
   * @throws OverloadedError
   * @throws what `UserEvents.acting` throws
   */
  async create(user: NewUser, actor: Principal | null): Promise<User> {
    const row = await this.toRow(user);
    const details = { role: row.role, ...(!actor && { by: 'command' }) };
    return this.database.transaction(async (manager) => {
      if (actor) await this.events.acting(manager, actor);
      return this.insert(manager, row, { type: 'user_created', userId: row.id, actor, details });
    });
  }

  /** A user by id. @throws UserNotFoundError */
  async get(id: string): Promise<User> {
    const user = await this.database.run((manager) => this.users.findById(manager, id));
    if (!user) throw new UserNotFoundError();
    return user;
  }

  /** One page of users, newest first. */
  async list(filter: UserFilter, page: PageRequest): Promise<Page<User>> {
    const rows = await this.database.run((manager) => this.users.list(manager, filter, page));
    return toPage(rows, page.limit);
  }

  /** Whether anyone can administer the product. */
  async hasActiveAdmin(): Promise<boolean> {
    const { items } = await this.list({ role: 'admin', isActive: true }, { limit: 1 });
    return items.length > 0;
  }

  /**
   * Changes a user. A new role holds, and a deactivated user's sessions end, from that user's next request on.
   *
   * @throws UserNotFoundError
   * @throws LastAdminError
   */
  update(id: string, changes: UserChanges, actor: Principal): Promise<User> {
    const mayTakeAdmin = changes.role === 'user' || changes.isActive === false;
    return this.database.transaction(async (manager) => {
      const before = await (mayTakeAdmin ? this.lockDispensable(manager, id) : this.users.lock(manager, id));
      if (!before) throw new UserNotFoundError();
      if (changesNothing(changes)) return before;
      const after = await this.users.update(manager, id, changes);
      const details = changesOf(before, after);
      if (details) await this.audit.record(manager, { type: 'user_updated', userId: id, actor, details });
      if (before.isActive && !after.isActive) await this.events.deactivated(manager, id, actor);
      return after;
    });
  }

  /**
   * Deletes a user, with their sessions.
   *
   * @throws UserNotFoundError
   * @throws LastAdminError
   * @throws what `UserEvents.acting` throws
   */
  delete(id: string, actor: Principal): Promise<void> {
    return this.database.transaction(async (manager) => {
      if (!(await this.lockDispensable(manager, id))) throw new UserNotFoundError();
      await this.events.acting(manager, actor);
      await this.users.delete(manager, id);
      await this.audit.record(manager, { type: 'user_deleted', userId: id, actor });
    });
  }

  /**
   * Deletes the account of someone who proves once more that it is theirs.
   *
   * @throws InvalidCredentialsError, TooManyRequestsError, OverloadedError
   * @throws UserNotFoundError if somebody else was faster
   * @throws LastAdminError
   * @throws what `UserEvents.acting` throws
   */
  async deleteOwn(actor: Principal, client: Client, password: string): Promise<void> {
    await this.credentials.confirm(actor, client, password);
    await this.delete(actor.userId, actor);
  }

  private async toRow(user: NewUser): Promise<NewUserRow> {
    const { email: given, password, name = null, role = 'user', isEmailVerified = false } = user;
    const email = normalizeEmail(given);
    await this.policy.assertAcceptable(password, { email, name }, '/password');
    return { id: newId(), email, passwordHash: await this.hasher.hash(password), name, role, isEmailVerified };
  }

  private async insert(manager: EntityManager, row: NewUserRow, entry: AuditEntry): Promise<User> {
    const user = await this.users.insert(manager, row);
    await this.audit.record(manager, entry);
    await this.events.created(manager, user);
    return user;
  }

  /** Holds a user's row, and makes sure that someone else can administer the product. */
  private async lockDispensable(manager: EntityManager, id: string): Promise<User | undefined> {
    const held = await this.users.lockWithAdmins(manager, id);
    const user = held.find((candidate) => candidate.id === id);
    if (user?.role === 'admin' && user.isActive && held.length === 1) throw new LastAdminError();
    return user;
  }
}

/** Whether every field was left out: a DTO has the fields that were not given too, undefined. */
function changesNothing(changes: object): boolean {
  return Object.values(changes).every((value) => value === undefined);
}

/** What an update changed, for the record; null for nothing. A name is personal, and outlives nobody's account. */
function changesOf(before: User, after: User): AuditDetails | null {
  const details: AuditDetails = {
    ...(before.role !== after.role && { role: { from: before.role, to: after.role } }),
    ...(before.isActive !== after.isActive && { isActive: { from: before.isActive, to: after.isActive } }),
    ...(before.name !== after.name && { name: 'changed' }),
  };
  return Object.keys(details).length > 0 ? details : null;
}
