import { Injectable } from '@nestjs/common';
import { Database, type EntityManager } from '../database/database.js';
import { PasswordHasher } from '../passwords/password-hasher.js';
import { normalizeEmail } from './email.js';
import type { User } from './user.entity.js';
import { InvalidCredentialsError } from './users.errors.js';
import { UsersRepository } from './users.repository.js';

/** Decides whether someone is who they say they are. No connection is held while a password is hashed. */
@Injectable()
export class CredentialsService {
  constructor(
    private readonly database: Database,
    private readonly users: UsersRepository,
    private readonly hasher: PasswordHasher,
  ) {}

  /**
   * The active user with this address and this password. All three ways to fail take the same work and give
   * the same error (ASVS 6.3.8). A hash in another system's form, or of an older cost, is replaced here, where
   * the password is at hand (ASVS 11.4.2).
   *
   * @throws InvalidCredentialsError
   */
  async verify(email: string, password: string): Promise<User> {
    const user = await this.find({ email: normalizeEmail(email) });
    const matched = await this.hasher.verify(password, user?.passwordHash);
    if (!user || !matched || !user.isActive) throw new InvalidCredentialsError();
    return this.hasher.isOutdated(user.passwordHash) ? this.rehash(user, password) : user;
  }

  /**
   * Asks a signed-in user for their password once more.
   *
   * @throws InvalidCredentialsError
   */
  async confirm(id: string, password: string): Promise<void> {
    const user = await this.find({ id });
    if (!(await this.hasher.verify(password, user?.passwordHash))) throw new InvalidCredentialsError();
  }

  /**
   * Holds the user as they were verified until the transaction ends. Hashing takes long enough for the
   * password to be changed or the user deactivated meanwhile; a session must not begin after that.
   *
   * @returns false if the hash or the user changed since; only `verify` can tell whether they may still sign in
   */
  async hold(manager: EntityManager, verified: User): Promise<boolean> {
    return (await this.users.holdUnchanged(manager, verified.id, verified.passwordHash)) !== null;
  }

  private find(by: { email: string } | { id: string }): Promise<User | null> {
    return this.database.session((manager) => this.users.findWithHash(manager, by));
  }

  private async rehash(user: User, password: string): Promise<User> {
    const passwordHash = await this.hasher.hash(password);
    const replaced = await this.database.session((manager) =>
      this.users.replaceHash(manager, user.id, user.passwordHash, passwordHash),
    );
    // Someone was faster: another sign-in that replaced the hash too, or a new password. Look again.
    if (!replaced) return this.verify(user.email, password);
    return Object.assign(user, { passwordHash });
  }
}
