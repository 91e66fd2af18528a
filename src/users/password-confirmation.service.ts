import { Injectable } from '@nestjs/common';
import type { Client } from '../common/client.js';
import { ValidationFailedError } from '../common/domain.error.js';
import type { Principal } from '../common/principal.js';
import { AuditRecorder } from '../platform/audit/audit.recorder.js';
import { Database } from '../platform/database/database.js';
import { isUnmatchable } from '../platform/passwords/password-hash.js';
import { PasswordHasher } from '../platform/passwords/password-hasher.js';
import { RateLimitsService } from '../platform/rate-limits/rate-limits.service.js';
import type { User } from './user.entity.js';
import { IncorrectPasswordError } from './users.errors.js';
import { UsersRepository } from './users.repository.js';

/** Asks signed-in users for their password before a sensitive change. */
@Injectable()
export class PasswordConfirmationService {
  constructor(
    private readonly database: Database,
    private readonly users: UsersRepository,
    private readonly hasher: PasswordHasher,
    private readonly limits: RateLimitsService,
    private readonly audit: AuditRecorder,
  ) {}

  /**
   * Verifies the password of the caller and returns the user with their password hash. Limits failures, so that a stolen
   * session does not allow unlimited guesses.
   *
   * @throws IncorrectPasswordError, TooManyRequestsError, OverloadedError
   */
  async confirmPassword(actor: Principal, client: Client, password: string): Promise<User> {
    await this.hasher.assertCapacity(client);
    const { userId: id } = actor;
    // JSON, because a stranger could otherwise sign in with this ID as the email and exhaust this limit.
    const attempt = await this.limits.begin('login', { client, account: JSON.stringify({ id }) });
    return attempt.settle(this.verifyPassword(actor, client, password));
  }

  private async verifyPassword(actor: Principal, client: Client, password: string): Promise<User> {
    const user = await this.database.run((manager) => this.users.findWithHash(manager, { id: actor.userId }), client);
    if (!user || !(await this.hasher.verify(password, user.passwordHash, client)).isMatch) return this.reject(actor);
    return user;
  }

  /**
   * Verifies the password of the caller, which may be missing if the account has none.
   *
   * @throws ValidationFailedError if it is missing and the account has one
   * @throws the errors of `confirmPassword`
   */
  async confirmPasswordIfAny(actor: Principal, client: Client, password: string | undefined): Promise<void> {
    if (password !== undefined) return void (await this.confirmPassword(actor, client, password));
    const user = await this.database.run((manager) => this.users.findWithHash(manager, { id: actor.userId }), client);
    if (!user || isUnmatchable(user.passwordHash)) return;
    throw new ValidationFailedError([
      { pointer: '/password', code: 'required', message: 'must be the password of the account' },
    ]);
  }

  /** Records the failure, then throws. If it cannot be recorded, the request fails with that error instead. */
  private async reject(actor: Principal): Promise<never> {
    const error = new IncorrectPasswordError();
    const event = { type: 'password_confirmation', outcome: 'failure', reason: error.code } as const;
    await this.database.run((manager) => this.audit.record(manager, { ...event, userId: actor.userId, actor }));
    throw error;
  }
}
