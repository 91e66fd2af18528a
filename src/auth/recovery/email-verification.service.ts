import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Client } from '../../common/client.js';
import type { Principal } from '../../common/principal.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { AuditRecorder } from '../../platform/audit/audit.recorder.js';
import { Database, type EntityManager } from '../../platform/database/database.js';
import { MailOutbox } from '../../platform/mail/mail-outbox.js';
import { RateLimitsService } from '../../platform/rate-limits/rate-limits.service.js';
import { UserHooks } from '../../users/user-hooks.js';
import type { User } from '../../users/user.entity.js';
import { UsersRepository } from '../../users/users.repository.js';
import { verifyEmail } from '../auth.mails.js';
import { OneTimeTokensRepository } from '../one-time-tokens/one-time-tokens.repository.js';
import { OneTimeTokensService } from '../one-time-tokens/one-time-tokens.service.js';
import { EmailNotVerifiedError } from './recovery.errors.js';

/** A sign-in sends no new link within this time after the last one. */
const REMINDER_INTERVAL_MS = 5 * 60_000;

/** Verifies that an email belongs to its user, with a link sent by mail. */
@Injectable()
export class EmailVerificationService implements OnModuleInit {
  private readonly isRequired: boolean;

  constructor(
    @InjectConfig() { recovery }: Config,
    private readonly limits: RateLimitsService,
    private readonly database: Database,
    private readonly users: UsersRepository,
    private readonly userHooks: UserHooks,
    private readonly tokens: OneTimeTokensRepository,
    private readonly attempts: OneTimeTokensService,
    private readonly mails: MailOutbox,
    private readonly audit: AuditRecorder,
  ) {
    this.isRequired = recovery.emailVerificationRequired;
  }

  onModuleInit(): void {
    this.userHooks.onCreated(async (manager, user, isMailAllowed) => {
      if (!isMailAllowed || user.emailVerifiedAt || user.invitation) return;
      await this.mailToken(manager, user, await this.tokens.issueFirst(manager, 'email_verification', user.id));
    });
  }

  /**
   * Sends the caller a new link and voids the earlier ones. Sends nothing if their email is verified. Counts per email,
   * because a deleted account can be registered again.
   *
   * @throws TooManyRequestsError
   */
  async requestVerification(actor: Principal, email: string, client: Client): Promise<void> {
    const { userId } = actor;
    await this.limits.spend('verify', { client, account: email });
    await this.database.transactionWithRetry(async (manager) => {
      const user = await this.users.lockActive(manager, { id: userId });
      if (!user || user.emailVerifiedAt) return;
      await this.sendLink(manager, user);
      await this.audit.record(manager, { type: 'email_verification_requested', userId, actor });
    });
  }

  /** Verifies the email of the token's user. @throws TokenUsedOrExpiredError, TooManyRequestsError */
  async verifyEmail(token: string, client: Client): Promise<void> {
    await this.attempts.useToken('email_verified', client, () =>
      this.database.transactionWithRetry(async (manager) => {
        const { user } = await this.tokens.redeem(manager, 'email_verification', token);
        await this.users.markEmailVerified(manager, user);
        const actor = { userId: user.id, client };
        await this.audit.record(manager, { type: 'email_verified', userId: user.id, actor });
      }),
    );
  }

  /** Counts a mail that a registration or a sign-in may send. Returns whether the limit per email allows it. */
  isMailAllowed(email: string, client: Client): Promise<boolean> {
    return this.limits.isWithinAccountLimit('verify', { client, account: email });
  }

  /** Returns whether a sign-in may send this user a new link, and counts it. */
  async mayRemind(user: User, client: Client): Promise<boolean> {
    return this.isMissing(user) && (await this.isMailAllowed(user.email, client));
  }

  /**
   * Returns the rejection of a user who must verify their email before they can sign in. Sends a new link if `mayRemind`,
   * unless one was sent recently. The caller must have locked the user's row.
   */
  async rejectUnverified(
    manager: EntityManager,
    user: User,
    mayRemind: boolean,
  ): Promise<EmailNotVerifiedError | null> {
    if (!this.isMissing(user)) return null;
    if (mayRemind && !(await this.hasRecentLink(manager, user))) await this.sendLink(manager, user);
    return new EmailNotVerifiedError();
  }

  /** Sends a link and voids the earlier ones. The caller must have locked the user's row. */
  async sendLink(manager: EntityManager, user: User): Promise<void> {
    await this.mailToken(manager, user, await this.tokens.issue(manager, 'email_verification', user.id));
  }

  private async hasRecentLink(manager: EntityManager, { id }: User): Promise<boolean> {
    return (await this.tokens.countRecent(manager, 'email_verification', id, REMINDER_INTERVAL_MS)) > 0;
  }

  private isMissing(user: User): boolean {
    return this.isRequired && !user.emailVerifiedAt;
  }

  private mailToken(manager: EntityManager, user: User, token: string): Promise<void> {
    return this.mails.post(manager, verifyEmail, user, { token });
  }
}
