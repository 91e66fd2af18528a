import { Injectable } from '@nestjs/common';
import type { EntityManager } from '../platform/database/database.js';
import { normalizeEmail } from './email.js';
import type { User } from './user.entity.js';
import { UsersRepository, type UserKey } from './users.repository.js';

/** Changes what proves whose an account is, inside the transactions of those who decide that it may be changed. */
@Injectable()
export class AccountsService {
  constructor(private readonly users: UsersRepository) {}

  /** The active user of an account, or null. */
  find(manager: EntityManager, key: UserKey): Promise<User | null> {
    return this.users.findActive(manager, normalized(key));
  }

  /**
   * The active user of an account, or null, held until the transaction ends: sign-ins and every other change of that
   * account wait. Ask before anything else of the account is locked.
   */
  hold(manager: EntityManager, key: UserKey): Promise<User | null> {
    return this.users.lockActive(manager, normalized(key));
  }

  /**
   * Makes everyone who asks for this address wait until the transaction ends, whether there is such an account or not:
   * a row that is held makes them wait only where there is one, and so tells who there is.
   */
  async queue(manager: EntityManager, email: string): Promise<void> {
    await this.users.lockAddress(manager, normalizeEmail(email));
  }

  /** Replaces the password, by its hash. Nobody can sign in with the one before. */
  async replacePassword(manager: EntityManager, id: string, passwordHash: string): Promise<void> {
    await this.users.setHash(manager, id, passwordHash);
  }

  /** Notes that the address was shown to be the user's; the first time counts. */
  async confirmEmail(manager: EntityManager, user: User): Promise<void> {
    if (!user.emailVerifiedAt) await this.users.setEmailVerified(manager, user.id);
  }
}

function normalized(key: UserKey): UserKey {
  return 'email' in key ? { email: normalizeEmail(key.email) } : key;
}
