import { Injectable } from '@nestjs/common';
import type { AuditEntry } from '../platform/audit/audit-event.js';
import { AuditRecorder } from '../platform/audit/audit.recorder.js';
import type { Client } from '../common/client.js';
import type { Principal } from '../common/principal.js';
import { Database, type EntityManager } from '../platform/database/database.js';
import { PasswordHasher } from '../platform/passwords/password-hasher.js';
import { normalizeEmail } from './email.js';
import type { User } from './user.entity.js';
import { RateLimitsService } from '../platform/rate-limits/rate-limits.service.js';
import { InvalidCredentialsError } from './users.errors.js';
import { UsersRepository } from './users.repository.js';

/** Decides whether someone is who they say they are. No connection is held while a password is hashed. */
@Injectable()
export class CredentialsService {
  constructor(
    private readonly database: Database,
    private readonly users: UsersRepository,
    private readonly hasher: PasswordHasher,
    private readonly limits: RateLimitsService,
    private readonly audit: AuditRecorder,
  ) {}

  /**
   * The active user with this address and this password. All three ways to fail take the same work and give
   * the same error (ASVS 6.3.8); only the record knows which it was. A hash in another system's form, or of an older
   * cost, is replaced here, where the password is at hand (ASVS 11.4.2).
   *
   * @param device where the attempt came from, and what it calls itself
   * @throws InvalidCredentialsError, OverloadedError
   */
  async verify(email: string, password: string, device: Client): Promise<User> {
    const user = await this.find({ email: normalizeEmail(email) });
    const matched = await this.hasher.verify(password, user?.passwordHash);
    if (!user || !matched || !user.isActive) {
      // Whoever slips types a password where the address goes: the address itself is never written down.
      const cause = !user ? 'unknown_address' : !matched ? 'wrong_password' : 'user_inactive';
      return this.refuse({
        type: 'sign_in',
        userId: user?.id ?? null,
        actor: { client: device },
        deviceName: device.deviceName,
        details: { cause },
      });
    }
    return this.hasher.isOutdated(user.passwordHash) ? this.rehash(user, password, device) : user;
  }

  /**
   * Asks a signed-in user for their password once more. Failures are limited: whoever finds a session open must not
   * guess the password by it.
   *
   * @returns the user as they were verified, for `hold`
   * @throws InvalidCredentialsError, TooManyRequestsError, OverloadedError
   */
  async confirm(actor: Principal, client: Client, password: string): Promise<User> {
    const { userId: id } = actor;
    // Not the id alone: somebody could type it where a sign-in asks for an address, and use this limit up.
    const attempt = await this.limits.begin('login', { client, account: JSON.stringify({ id }) });
    try {
      const user = await this.find({ id });
      if (!user || !(await this.hasher.verify(password, user.passwordHash))) {
        return await this.refuse({ type: 'password_confirmation', userId: id, actor });
      }
      await attempt.succeeded();
      return user;
    } catch (error) {
      await attempt.failed(error);
      throw error;
    }
  }

  /**
   * Holds the user as they were verified until the transaction ends. Hashing takes long enough for the
   * password to be changed or the user deactivated meanwhile; a session must not begin after that.
   *
   * @returns the user as they are now, or null if the hash was replaced or the user deactivated since: only `verify` can
   *   tell whether they may still sign in
   */
  hold(manager: EntityManager, verified: User): Promise<User | null> {
    return this.users.holdUnchanged(manager, verified.id, verified.passwordHash);
  }

  private find(by: { email: string } | { id: string }): Promise<User | null> {
    return this.database.run((manager) => this.users.findWithHash(manager, by));
  }

  /** Writes a failure down before it is answered: one that cannot be written is no 401 but a failure of ours. */
  private async refuse(attempt: AuditEntry): Promise<never> {
    const error = new InvalidCredentialsError();
    await this.database.run((manager) =>
      this.audit.record(manager, { ...attempt, outcome: 'failure', reason: error.code }),
    );
    throw error;
  }

  private async rehash(user: User, password: string, device: Client): Promise<User> {
    const passwordHash = await this.hasher.hash(password);
    const replaced = await this.database.run((manager) =>
      this.users.replaceHash(manager, user.id, user.passwordHash, passwordHash),
    );
    // Someone was faster: another sign-in that replaced the hash too, or a new password. Look again.
    if (!replaced) return this.verify(user.email, password, device);
    return Object.assign(user, { passwordHash });
  }
}
