import { Injectable, type OnModuleInit } from '@nestjs/common';
import { AuditRecorder } from '../../platform/audit/audit.recorder.js';
import type { Principal } from '../../common/principal.js';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database, type EntityManager } from '../../platform/database/database.js';
import { MailOutbox } from '../../platform/mail/mail-outbox.js';
import { OneTimeTokensService } from '../one-time-tokens/one-time-tokens.service.js';
import type { Client } from '../../common/client.js';
import { RateLimitsService } from '../../platform/rate-limits/rate-limits.service.js';
import { AccountsService } from '../../users/accounts.service.js';
import { UserEvents } from '../../users/user-events.js';
import type { User } from '../../users/user.entity.js';
import { TokenHolders } from './token-holders.service.js';

/** How long, in milliseconds, after one link a sign-in mails no other. */
const REMINDER_INTERVAL = 5 * 60_000;

/** Shows, by a mailed token, that an address is its user's. */
@Injectable()
export class EmailVerificationService implements OnModuleInit {
  private readonly isRequired: boolean;

  constructor(
    @InjectConfig() { recovery }: Config,
    private readonly limits: RateLimitsService,
    private readonly database: Database,
    private readonly accounts: AccountsService,
    private readonly userEvents: UserEvents,
    private readonly tokens: OneTimeTokensService,
    private readonly holders: TokenHolders,
    private readonly mails: MailOutbox,
    private readonly audit: AuditRecorder,
  ) {
    this.isRequired = recovery.emailVerificationRequired;
  }

  onModuleInit(): void {
    this.userEvents.onCreated(async (manager, user) => {
      if (!user.emailVerifiedAt) await this.mailLink(manager, user);
    });
  }

  /**
   * Mails a new link to the one who asks; the older ones are void. Whose address is verified already gets none.
   *
   * @throws TooManyRequestsError
   */
  async request(actor: Principal, client: Client): Promise<void> {
    const { userId } = actor;
    await this.limits.spend('verify', { client, account: userId });
    await this.database.transaction(async (manager) => {
      const user = await this.accounts.hold(manager, { id: userId });
      if (!user || user.emailVerifiedAt) return;
      await this.mailLink(manager, user);
      await this.audit.record(manager, { type: 'email_verification_requested', userId, actor });
    });
  }

  /** Verifies the address of a mailed token's user. @throws TokenUsedOrExpiredError, TooManyRequestsError */
  verify(token: string, client: Client): Promise<void> {
    return this.holders.attempt('email_verified', client, () =>
      this.database.transaction(async (manager) => {
        const user = await this.holders.redeem(manager, 'email_verification', token);
        await this.accounts.confirmEmail(manager, user);
        const actor = { userId: user.id, client };
        await this.audit.record(manager, { type: 'email_verified', userId: user.id, actor });
      }),
    );
  }

  /**
   * Whether a user may sign in as far as their address goes. Whoever may not gets a new link, now and then, so the
   * transaction must be committed: it has to hold the user's row, and the password must have been right.
   */
  async admits(manager: EntityManager, user: User): Promise<boolean> {
    if (!this.isRequired || user.emailVerifiedAt) return true;
    const reminders = await this.tokens.countRecent(manager, 'email_verification', user.id, REMINDER_INTERVAL);
    if (reminders === 0) await this.mailLink(manager, user);
    return false;
  }

  private async mailLink(manager: EntityManager, user: User): Promise<void> {
    const token = await this.tokens.issue(manager, 'email_verification', user.id);
    const contents = { name: user.name, token };
    await this.mails.post(manager, { kind: 'verify_email', recipient: user.email, contents });
  }
}
