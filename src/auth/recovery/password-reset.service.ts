import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import type { Client } from '../../common/client.js';
import { AuditRecorder } from '../../platform/audit/audit.recorder.js';
import { Database, type EntityManager } from '../../platform/database/database.js';
import { MailOutbox } from '../../platform/mail/mail-outbox.js';
import { PasswordHasher } from '../../platform/passwords/password-hasher.js';
import { PasswordPolicy } from '../../platform/passwords/password-policy.js';
import { RateLimitsService } from '../../platform/rate-limits/rate-limits.service.js';
import { KnownDevicesRepository } from '../../sessions/known-devices.repository.js';
import { SessionsRepository } from '../../sessions/sessions.repository.js';
import { normalizeEmail } from '../../users/email.js';
import type { User } from '../../users/user.entity.js';
import { UsersRepository } from '../../users/users.repository.js';
import { passwordChanged, resetPassword } from '../auth.mails.js';
import { FactorsResetService } from '../factors/factors-reset.service.js';
import { OneTimeTokensRepository } from '../one-time-tokens/one-time-tokens.repository.js';
import { OneTimeTokensService } from '../one-time-tokens/one-time-tokens.service.js';
import { SecurityMailsService } from '../security-mails.service.js';

/**
 * The minimum duration of a request for a link, so that timing does not reveal whether the account exists. It exceeds the
 * time to write the two rows that only an existing account gets, even on a busy machine.
 */
const MIN_REQUEST_MS = 100;

/** Sets a new password for users who prove with a mailed token that the email is theirs (ASVS 6.4.3). */
@Injectable()
export class PasswordResetService {
  constructor(
    private readonly limits: RateLimitsService,
    private readonly database: Database,
    private readonly users: UsersRepository,
    private readonly knownDevices: KnownDevicesRepository,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    private readonly sessions: SessionsRepository,
    private readonly tokens: OneTimeTokensRepository,
    private readonly attempts: OneTimeTokensService,
    private readonly factorResets: FactorsResetService,
    private readonly mails: MailOutbox,
    private readonly securityMails: SecurityMailsService,
    private readonly audit: AuditRecorder,
  ) {}

  /**
   * Sends a link to choose a new password if an active account has this email. The caller cannot tell whether one exists
   * (ASVS 6.3.8). In both cases, the same statements run, one event is recorded, and the response takes at least
   * `MIN_REQUEST_MS`. Parallel requests for an email wait for each other.
   *
   * Beyond the limit of mails per email, the request still succeeds. It then mails a link only to a known device of the
   * account, or after half of the newest link's lifetime, at least 15 minutes. Strangers can therefore neither flood a
   * mailbox nor stop its owner.
   *
   * @throws TooManyRequestsError
   */
  async requestReset(givenEmail: string, client: Client): Promise<void> {
    const email = normalizeEmail(givenEmail);
    const knownDevice = () =>
      this.database.run((manager) => this.knownDevices.recognizeOwner(manager, { email }, client), client);
    await this.limits.spend('forgot', { client });
    const isFrequent = !(await this.limits.isWithinAccountLimit('forgot', { client, account: email, knownDevice }));
    const minimumTime = sleep(MIN_REQUEST_MS);
    await this.database.transactionWithRetry(async (manager) => {
      // A lock on the user's row alone would delay parallel requests only if the account exists.
      await this.users.lockEmail(manager, email);
      const user = await this.users.lockActive(manager, { email });
      await (isFrequent ? this.sendLinkUnlessNew(manager, user) : this.sendLink(manager, user));
      const userId = user?.id ?? null;
      await this.audit.record(manager, { type: 'password_reset_requested', userId, actor: { client } });
    });
    await minimumTime;
  }

  /** Sends a link and voids the earlier ones. The caller must have locked the user's row. */
  async sendLink(manager: EntityManager, user: User | null): Promise<void> {
    const token = await this.tokens.issue(manager, 'password_reset', user?.id ?? null);
    await this.mails.post(manager, resetPassword, user, { token });
  }

  private async sendLinkUnlessNew(manager: EntityManager, user: User | null): Promise<void> {
    const token = await this.tokens.issueUnlessNew(manager, 'password_reset', user?.id ?? null);
    await this.mails.post(manager, resetPassword, token === null ? null : user, { token: token ?? '' });
  }

  /**
   * Sets a new password. Revokes all sessions, voids all tokens except those that undo a change of the email, and verifies
   * the email, because the mail arrived there. Keeps second factors, unless the email was never verified before.
   *
   * @throws PasswordTooWeakError, and the token still works
   * @throws TokenUsedOrExpiredError, OverloadedError, TooManyRequestsError
   */
  async resetPassword(token: string, newPassword: string, client: Client): Promise<void> {
    await this.hasher.assertCapacity(client);
    await this.attempts.useToken('password_reset', client, async () => {
      // Hashing is expensive, so check the token first. `redeem` checks it again.
      const owner = await this.database.run((manager) => this.tokens.findUser(manager, 'password_reset', token));
      await this.policy.assertAcceptable(newPassword, owner, '/newPassword');
      const passwordHash = await this.hasher.hash(newPassword, client);
      await this.database.transactionWithRetry(async (manager) => {
        const { user } = await this.tokens.redeem(manager, 'password_reset', token);
        const { id } = user;
        const actor = { userId: id, client };
        // Revoke expired sessions too, so that their devices are no longer known.
        await this.sessions.revoke(manager, { userId: id }, { reason: 'password_reset', actor });
        await this.users.setPasswordHash(manager, id, passwordHash);
        if (!user.emailVerifiedAt) await this.factorResets.removeUnproven(manager, user, actor, 'password_reset');
        await this.users.markEmailVerified(manager, user);
        await this.tokens.voidAll(manager, id);
        await this.audit.record(manager, { type: 'password_reset', userId: id, actor });
        await this.securityMails.queue(manager, passwordChanged, user, client);
      });
    });
  }
}
