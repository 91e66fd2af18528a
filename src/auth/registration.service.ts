import { Injectable } from '@nestjs/common';
import type { Client } from '../common/client.js';
import { PasswordHasher } from '../platform/passwords/password-hasher.js';
import { RateLimitsService } from '../platform/rate-limits/rate-limits.service.js';
import { normalizeEmail } from '../users/email.js';
import type { User } from '../users/user.entity.js';
import { UsersService, type Registration } from '../users/users.service.js';

@Injectable()
export class RegistrationService {
  constructor(
    private readonly limits: RateLimitsService,
    private readonly users: UsersService,
    private readonly hasher: PasswordHasher,
  ) {}

  /**
   * Creates an account, and mails a link to verify the email. Limits requests per client, and those with an acceptable
   * password also per client and email.
   *
   * @throws TooManyRequestsError, PasswordTooWeakError, EmailTakenError, OverloadedError
   */
  async register(registration: Registration, client: Client): Promise<User> {
    await this.hasher.assertCapacity(client);
    const subject = { client, account: normalizeEmail(registration.email), isPerClient: true };
    await this.limits.spend('register', subject, ['address']);
    await this.users.assertPasswordAcceptable(registration);
    await this.limits.spend('register', subject, ['account']);
    return this.users.registerUser(registration, client);
  }
}
