import { Injectable } from '@nestjs/common';
import type { EntityManager, QueryDeepPartialEntity, SelectQueryBuilder } from 'typeorm';
import type { PageRequest } from '../common/pagination.js';
import type { Role } from '../common/role.js';
import { isUniqueViolation } from '../platform/database/pg-errors.js';
import { normalizeSearch } from './email.js';
import { UNIQUE_EMAIL, User } from './user.entity.js';
import { EmailTakenError } from './users.errors.js';

/** Conditions for a list of users. `search` matches any part of the email or name, ignoring case. */
export interface UserFilter {
  readonly search?: string | undefined;
  readonly role?: Role | undefined;
  readonly isActive?: boolean | undefined;
}

export interface NewUserRow extends Pick<User, 'id' | 'email' | 'passwordHash' | 'name' | 'role' | 'invitation'> {
  readonly isEmailVerified?: boolean;
}

/** Identifies one user. The email must be normalized. */
export type UserKey = { readonly email: string } | { readonly id: string };

/** A user as they were when their password was verified. */
export type UserWithHash = Pick<User, 'id' | 'passwordHash'>;

export type UserChanges = Partial<Pick<User, 'name' | 'role' | 'isActive'>> & {
  /** Must be normalized. */
  readonly email?: string | undefined;
};

/** Reads and writes users. Locks last until the transaction ends. */
@Injectable()
export class UsersRepository {
  /**
   * Inserts a user and returns it as stored.
   *
   * @throws EmailTakenError if the unique index rejects the email, so that two parallel requests cannot both succeed
   */
  async insert(manager: EntityManager, { isEmailVerified, ...row }: NewUserRow): Promise<User> {
    try {
      await manager.insert(User, { ...row, emailVerifiedAt: isEmailVerified ? () => 'now()' : null });
    } catch (error) {
      throw isUniqueViolation(error, UNIQUE_EMAIL) ? new EmailTakenError() : error;
    }
    return this.selectForAdmin(manager, row.id).getOneOrFail();
  }

  /** Returns a user with their `invitation`. */
  findById(manager: EntityManager, id: string): Promise<User | null> {
    return this.selectForAdmin(manager, id).getOne();
  }

  findByEmail(manager: EntityManager, email: string): Promise<User | null> {
    return this.selectOne(manager, { email }).getOne();
  }

  /** Returns the user with their password hash, which no other query loads. */
  findWithHash(manager: EntityManager, key: UserKey): Promise<User | null> {
    return this.selectOne(manager, key).addSelect('user.passwordHash').getOne();
  }

  findActive(manager: EntityManager, key: UserKey): Promise<User | null> {
    return this.selectOne(manager, key).andWhere('user.isActive').getOne();
  }

  /** Locks an email, whether or not an account has it. */
  async lockEmail(manager: EntityManager, email: string): Promise<void> {
    await manager.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [email]);
  }

  /** Locks an active user's row. Lock it before any other row of the account, so that transactions cannot deadlock. */
  lockActive(manager: EntityManager, key: UserKey): Promise<User | null> {
    return this.selectOne(manager, key).andWhere('user.isActive').setLock('for_no_key_update').getOne();
  }

  /**
   * Locks the row of an active user whose password hash is still `passwordHash`. The password can change while an earlier
   * one is verified, which then must not create a session.
   */
  lockIfUnchanged(manager: EntityManager, { id, passwordHash }: UserWithHash): Promise<User | null> {
    return manager.findOne(User, { where: { id, passwordHash, isActive: true }, lock: { mode: 'for_no_key_update' } });
  }

  /** Locks a user's row and returns it with the `invitation`. */
  lock(manager: EntityManager, id: string): Promise<User | null> {
    return this.selectForAdmin(manager, id).setLock('for_no_key_update').getOne();
  }

  /**
   * Locks a user's row and those of all active admins, so that two transactions cannot each remove one of the last two
   * admins. Ignores admins who have not accepted their invitation, because they cannot sign in yet. Returns the users with
   * their `invitation`. One statement locks all rows in ID order, so that two of them cannot deadlock.
   */
  lockWithAdmins(manager: EntityManager, id: string): Promise<User[]> {
    return (
      manager
        .createQueryBuilder(User, 'user')
        .addSelect('user.invitation')
        // A literal, because the planner cannot match the partial index with a parameter.
        .where(`user.id = :id OR user.role = 'admin' AND user.isActive AND user.invitation IS NULL`, { id })
        .orderBy('user.id')
        .setLock('for_no_key_update')
        .getMany()
    );
  }

  /** Updates a user whose row is locked, and returns the new state. A new email is not verified. @throws EmailTakenError */
  async update(manager: EntityManager, before: User, changes: UserChanges): Promise<User> {
    const values = { ...changes, ...(changes.email !== undefined && { emailVerifiedAt: null }) };
    const updatedAt = await this.set(manager, before.id, values);
    return manager.merge(User, manager.create(User, before), values, { updatedAt });
  }

  /** Sets an email at which the user has proven to receive mail. @throws EmailTakenError */
  async changeEmail(manager: EntityManager, id: string, email: string): Promise<void> {
    await this.set(manager, id, { email, emailVerifiedAt: () => 'now()' });
  }

  /**
   * Sets a new password, so that the user no longer counts as invited. Call this after revoking sessions. Otherwise their
   * devices stay trusted.
   */
  async setPasswordHash(manager: EntityManager, id: string, passwordHash: string): Promise<void> {
    await manager.update(
      User,
      { id },
      { passwordHash, invitation: null, passwordChangedAt: () => 'clock_timestamp()', updatedAt: () => 'now()' },
    );
  }

  /** Replaces a hash of the same password. Returns false if the hash has changed since it was read. */
  async replaceHash(manager: EntityManager, { id, passwordHash }: UserWithHash, newHash: string): Promise<boolean> {
    const { affected } = await manager.update(User, { id, passwordHash }, { passwordHash: newHash });
    return affected === 1;
  }

  /** Marks the email as verified, also in `user`. Keeps the time of the first verification. */
  async markEmailVerified(manager: EntityManager, user: User): Promise<void> {
    if (user.emailVerifiedAt) return;
    await manager.update(User, { id: user.id }, { emailVerifiedAt: () => 'now()', updatedAt: () => 'now()' });
    user.emailVerifiedAt = new Date();
  }

  async setSecondFactor(manager: EntityManager, id: string, hasSecondFactor: boolean): Promise<void> {
    await manager.update(User, { id }, { hasSecondFactor, updatedAt: () => 'now()' });
  }

  async delete(manager: EntityManager, id: string): Promise<void> {
    await manager.delete(User, { id });
  }

  /** Returns users, newest first. Reads one row more than the page, so that the caller knows whether more follow. */
  list(manager: EntityManager, filter: UserFilter, page: PageRequest): Promise<User[]> {
    const query = manager
      .createQueryBuilder(User, 'user')
      .addSelect('user.invitation')
      .orderBy('user.id', 'DESC')
      .limit(page.limit + 1);
    if (page.after) query.andWhere('user.id < :after', { after: page.after });
    if (filter.role) query.andWhere('user.role = :role', { role: filter.role });
    if (filter.isActive !== undefined) query.andWhere('user.isActive = :isActive', { isActive: filter.isActive });
    if (filter.search) {
      const [pattern, email] = [containing(filter.search), containing(normalizeSearch(filter.search))];
      const columns = ['user.email ILIKE :pattern', 'user.name ILIKE :pattern'];
      if (email !== pattern) columns.push('user.email ILIKE :email');
      query.andWhere(`(${columns.join(' OR ')})`, { pattern, email });
    }
    return query.getMany();
  }

  /** Returns the time of the update. */
  private async set(manager: EntityManager, id: string, values: QueryDeepPartialEntity<User>): Promise<Date> {
    const update = manager
      .createQueryBuilder()
      .update(User)
      .set({ ...values, updatedAt: () => 'now()' });
    try {
      const result = await update.where({ id }).returning('updated_at').execute();
      return (result.raw as [{ updated_at: Date }])[0].updated_at;
    } catch (error) {
      throw isUniqueViolation(error, UNIQUE_EMAIL) ? new EmailTakenError() : error;
    }
  }

  private selectForAdmin(manager: EntityManager, id: string): SelectQueryBuilder<User> {
    return this.selectOne(manager, { id }).addSelect('user.invitation');
  }

  private selectOne(manager: EntityManager, key: UserKey): SelectQueryBuilder<User> {
    const query = manager.createQueryBuilder(User, 'user');
    // `lower(email)` is the expression of the unique index.
    return 'email' in key ? query.where('lower(user.email) = lower(:email)', key) : query.where('user.id = :id', key);
  }
}

/** Returns a LIKE pattern that matches the text literally, including its wildcards and backslashes. */
function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}
