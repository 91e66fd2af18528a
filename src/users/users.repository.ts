import { Injectable } from '@nestjs/common';
import { Raw, type EntityManager, type SelectQueryBuilder } from 'typeorm';
import type { PageRequest } from '../common/pagination.js';
import type { Role } from '../common/role.js';
import { isUniqueViolation } from '../platform/database/pg-errors.js';
import { UNIQUE_EMAIL, User } from './user.entity.js';
import { EmailTakenError } from './users.errors.js';

/** What a list of users is narrowed to. `search` is found anywhere in the address or the name, in any case. */
export interface UserFilter {
  readonly search?: string | undefined;
  readonly role?: Role | undefined;
  readonly isActive?: boolean | undefined;
}

export interface NewUserRow extends Pick<User, 'id' | 'email' | 'passwordHash' | 'name' | 'role'> {
  readonly isEmailVerified?: boolean;
}

/** By what one user is found. */
export type UserKey = { readonly email: string } | { readonly id: string };

export type UserChanges = Partial<Pick<User, 'name' | 'role' | 'isActive'>>;

@Injectable()
export class UsersRepository {
  /** @throws EmailTakenError decided by the unique index, so two at once cannot both pass */
  async insert(manager: EntityManager, { isEmailVerified, ...row }: NewUserRow): Promise<User> {
    try {
      await manager.insert(User, { ...row, emailVerifiedAt: isEmailVerified ? () => 'now()' : null });
    } catch (error) {
      if (isUniqueViolation(error, UNIQUE_EMAIL)) throw new EmailTakenError();
      throw error;
    }
    return manager.findOneByOrFail(User, { id: row.id });
  }

  findById(manager: EntityManager, id: string): Promise<User | null> {
    return manager.findOneBy(User, { id });
  }

  /** The user with the hash of their password, which no other query loads. */
  findWithHash(manager: EntityManager, by: UserKey): Promise<User | null> {
    return this.selectOne(manager, by).addSelect('user.passwordHash').getOne();
  }

  findActive(manager: EntityManager, by: UserKey): Promise<User | null> {
    return this.selectOne(manager, by).andWhere('user.isActive').getOne();
  }

  /** Holds an address until the transaction ends, which need not be anyone's. */
  async lockAddress(manager: EntityManager, email: string): Promise<void> {
    await manager.query('SELECT pg_advisory_xact_lock(hashtextextended($1, 0))', [email]);
  }

  /** Holds an active user's row until the transaction ends. */
  lockActive(manager: EntityManager, by: UserKey): Promise<User | null> {
    return this.selectOne(manager, by).andWhere('user.isActive').setLock('for_no_key_update').getOne();
  }

  /** Holds a user's row until the transaction ends; other changes of that user wait. */
  lock(manager: EntityManager, id: string): Promise<User | null> {
    return manager.findOne(User, { where: { id }, lock: { mode: 'for_no_key_update' } });
  }

  /**
   * Holds a user's row and those of all active admins until the transaction ends: two transactions that would
   * each take an admin away run one after the other, and see each other's work. All rows are locked by one
   * statement in one order, so that no two wait for each other.
   */
  lockWithAdmins(manager: EntityManager, id: string): Promise<User[]> {
    return manager.find(User, {
      // As a literal the role fits the partial index whatever the plan; as a parameter only where its value is known.
      where: [{ id }, { role: Raw((role) => `${role} = 'admin'`), isActive: true }],
      order: { id: 'ASC' },
      lock: { mode: 'for_no_key_update' },
    });
  }

  async update(manager: EntityManager, id: string, changes: UserChanges): Promise<User> {
    await manager.update(User, { id }, { ...changes, updatedAt: () => 'now()' });
    return manager.findOneByOrFail(User, { id });
  }

  /** Call it when the sessions have ended: whoever signs out before it is a stranger under the new password. */
  async setHash(manager: EntityManager, id: string, passwordHash: string): Promise<void> {
    await manager.update(
      User,
      { id },
      { passwordHash, passwordChangedAt: () => 'clock_timestamp()', updatedAt: () => 'now()' },
    );
  }

  async setEmailVerified(manager: EntityManager, id: string): Promise<void> {
    await manager.update(User, { id }, { emailVerifiedAt: () => 'now()', updatedAt: () => 'now()' });
  }

  /** Replaces a hash, unless the password was changed since it was read. Says whether it did. */
  async replaceHash(manager: EntityManager, id: string, from: string, to: string): Promise<boolean> {
    const { affected } = await manager.update(User, { id, passwordHash: from }, { passwordHash: to });
    return affected === 1;
  }

  /** Holds an active user's row until the transaction ends, if their password is still the one behind this hash. */
  holdUnchanged(manager: EntityManager, id: string, passwordHash: string): Promise<User | null> {
    return manager.findOne(User, { where: { id, passwordHash, isActive: true }, lock: { mode: 'for_no_key_update' } });
  }

  async delete(manager: EntityManager, id: string): Promise<void> {
    await manager.delete(User, { id });
  }

  /** Newest first; one row more than the page holds, to tell whether there is another page. */
  list(manager: EntityManager, filter: UserFilter, page: PageRequest): Promise<User[]> {
    const query = manager
      .createQueryBuilder(User, 'user')
      .orderBy('user.id', 'DESC')
      .limit(page.limit + 1);
    if (page.after) query.andWhere('user.id < :after', { after: page.after });
    if (filter.role) query.andWhere('user.role = :role', { role: filter.role });
    if (filter.isActive !== undefined) query.andWhere('user.isActive = :isActive', { isActive: filter.isActive });
    if (filter.search) {
      query.andWhere('(user.email ILIKE :pattern OR user.name ILIKE :pattern)', { pattern: containing(filter.search) });
    }
    return query.getMany();
  }

  private selectOne(manager: EntityManager, by: UserKey): SelectQueryBuilder<User> {
    const query = manager.createQueryBuilder(User, 'user');
    // `lower(email)` is the expression that the unique index holds.
    return 'email' in by ? query.where('lower(user.email) = lower(:email)', by) : query.where('user.id = :id', by);
  }
}

/** A LIKE pattern that finds the text itself: its wildcards and backslashes are ordinary characters. */
function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`;
}
