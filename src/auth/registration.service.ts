import { Injectable } from '@nestjs/common';
import type { Client } from '../common/client.js';
import { PasswordHasher } from '../platform/passwords/password-hasher.js';
import { RateLimitsService } from '../platform/rate-limits/rate-limits.service.js';
import { normalizeEmail } from '../users/email.js';
import type { User } from '../users/user.entity.js';
import { UsersService, type Registration } from '../users/users.service.js';
import { EmailVerificationService } from './recovery/email-verification.service.js';

@Injectable()
export class RegistrationService {
  constructor(
    private readonly limits: RateLimitsService,
    private readonly users: UsersService,
    private readonly hasher: PasswordHasher,
    private readonly verification: EmailVerificationService,
  ) {}

  /**
   * Creates an account, and mails a link to verify the email. Limits requests per client, and those with an acceptable
   * password also per client and email. Beyond the limit of verification mails per email, no mail is sent. Otherwise
   * strangers could flood a mailbox by registering and deleting its account again and again.
   *
   * @throws TooManyRequestsError, PasswordTooWeakError, EmailTakenError, OverloadedError
   */
  async register(registration: Registration, client: Client): Promise<User> {
    await this.hasher.assertCapacity(client);
    const email = normalizeEmail(registration.email);
    const subject = { client, account: email, isPerClient: true };
    await this.limits.spend('register', subject, ['address']);
    await this.users.assertPasswordAcceptable(registration);
    await this.limits.spend('register', subject, ['account']);
    const isMailAllowed = await this.verification.isMailAllowed(email, client);
    return this.users.registerUser(registration, client, isMailAllowed);
  }
}
