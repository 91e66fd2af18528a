import { Injectable, type OnModuleInit } from '@nestjs/common';
import type { Client } from '../../common/client.js';
import type { Principal } from '../../common/principal.js';
import { AuditRecorder } from '../../platform/audit/audit.recorder.js';
import { Database, type EntityManager } from '../../platform/database/database.js';
import { MailOutbox } from '../../platform/mail/mail-outbox.js';
import { RateLimitsService } from '../../platform/rate-limits/rate-limits.service.js';
import { SessionsService } from '../../sessions/sessions.service.js';
import { UserHooks } from '../../users/user-hooks.js';
import type { User } from '../../users/user.entity.js';
import { EmailTakenError } from '../../users/users.errors.js';
import { UsersRepository } from '../../users/users.repository.js';
import { InvitationsService } from '../invitations/invitations.service.js';
import { TokenUsedOrExpiredError } from '../one-time-tokens/one-time-tokens.errors.js';
import { TOKEN_PURPOSES } from '../one-time-tokens/one-time-token.entity.js';
import { OneTimeTokensRepository } from '../one-time-tokens/one-time-tokens.repository.js';
import { OneTimeTokensService } from '../one-time-tokens/one-time-tokens.service.js';
import { EmailVerificationService } from '../recovery/email-verification.service.js';
import { SecurityMailsService } from '../security-mails.service.js';
import { EMAIL_CHANGE_REQUESTED, EMAIL_CHANGED } from './email-change.audit.js';
import {
  confirmEmailChange,
  emailChanged,
  emailChangeRequested,
  emailInUse,
  emailReplaced,
} from './email-change.mails.js';
import { EmailsRepository } from './emails.repository.js';

/** Gives an account another email after a link proved that the user receives mail there. */
@Injectable()
export class EmailChangeService implements OnModuleInit {
  constructor(
    private readonly limits: RateLimitsService,
    private readonly database: Database,
    private readonly users: UsersRepository,
    private readonly userHooks: UserHooks,
    private readonly emails: EmailsRepository,
    private readonly sessions: SessionsService,
    private readonly tokens: OneTimeTokensRepository,
    private readonly attempts: OneTimeTokensService,
    private readonly verification: EmailVerificationService,
    private readonly invitations: InvitationsService,
    private readonly mails: MailOutbox,
    private readonly securityMails: SecurityMailsService,
    private readonly audit: AuditRecorder,
  ) {}

  onModuleInit(): void {
    this.userHooks.onCreated((manager, { id, email }) => this.assertFree(manager, email, id));
    this.userHooks.onEmailChanged((manager, before, after) => this.handleAdminChange(manager, before, after));
  }

  /**
   * Mails a link to the new email and voids earlier links. The current email gets a notice, whose not-me link also stops
   * the change. The caller cannot tell whether an account has the new email, because the same statements run, and that
   * mailbox gets a mail in either case. Beyond the limit of mails per email, it gets none.
   *
   * @throws TooManyRequestsError, the errors of `SessionsService.lockActor`
   */
  async requestChange(actor: Principal, email: string, client: Client): Promise<void> {
    const { userId: id } = actor;
    // JSON, because this limit also counts emails.
    await this.limits.spend('verify', { client, account: JSON.stringify({ id }) });
    const isMailAllowed = await this.verification.isMailAllowed(email, client);
    await this.database.transactionWithRetry(async (manager) => {
      const user = await this.sessions.lockActor(manager, actor);
      const isTaken = await this.emails.isTaken(manager, email, id);
      const isFree = !isTaken && email !== user.email;
      const token = await this.tokens.issue(manager, 'email_change', id, email);
      await this.mails.post(
        manager,
        isFree ? confirmEmailChange : emailInUse,
        // Without a name, which could be a message to a stranger.
        isMailAllowed ? { email, name: null } : null,
        { token: isFree ? token : '' },
      );
      await this.securityMails.queue(manager, emailChangeRequested, user, client);
      await this.audit.record(manager, { type: EMAIL_CHANGE_REQUESTED, userId: id, actor });
    });
  }

  /**
   * Gives the token's user the email of the token, and marks it as verified. Voids the links that the earlier email
   * received, and sends it a notice whose not-me link restores it. Sessions stay signed in.
   *
   * @throws EmailTakenError if another account has this email by now. The token still works
   * @throws TokenUsedOrExpiredError, TooManyRequestsError
   */
  async changeEmail(token: string, client: Client): Promise<void> {
    await this.attempts.useToken(EMAIL_CHANGED, client, () =>
      this.database.transactionWithRetry(async (manager) => {
        const { user, email } = await this.tokens.redeem(manager, 'email_change', token);
        if (email === null) throw new TokenUsedOrExpiredError();
        const { id } = user;
        await this.users.changeEmail(manager, id, email);
        await this.replaceLinks(manager, user, email, client);
        await this.audit.record(manager, { type: EMAIL_CHANGED, userId: id, actor: { userId: id, client } });
      }),
    );
  }

  /**
   * Handles a change by an admin in the same transaction. The new email must be verified. An invited user gets another
   * invitation, and the earlier email gets no notice, because its owner has never used the account. If the account is
   * inactive, nothing undoes the change, so that an admin can take back a stolen account.
   */
  private async handleAdminChange(manager: EntityManager, before: User, after: User): Promise<void> {
    if (before.invitation) {
      await this.assertFree(manager, after.email, after.id);
      await this.tokens.void(manager, after.id);
      if (before.invitation === 'sent' && after.isActive) await this.invitations.sendLink(manager, after);
      return;
    }
    if (before.isActive && after.isActive) await this.replaceLinks(manager, before, after.email, null);
    else await this.replaceOwner(manager, before, after);
    if (after.isActive) await this.verification.sendLink(manager, after);
  }

  /** Voids the links of the earlier email and sends it a notice. @throws EmailTakenError */
  private async replaceLinks(
    manager: EntityManager,
    before: User,
    email: string,
    client: Client | null,
  ): Promise<void> {
    await this.assertFree(manager, email, before.id);
    await this.tokens.void(manager, before.id);
    await this.securityMails.queue(manager, emailChanged, before, client);
  }

  /** Voids all links of the account and sends the earlier email a notice without one. @throws EmailTakenError */
  private async replaceOwner(manager: EntityManager, before: User, { id, email }: User): Promise<void> {
    await this.assertFree(manager, email, id);
    await this.tokens.void(manager, id, TOKEN_PURPOSES);
    await this.mails.post(manager, emailReplaced, { email: before.email, name: null }, {});
  }

  private async assertFree(manager: EntityManager, email: string, userId: string): Promise<void> {
    if (await this.emails.isTaken(manager, email, userId)) throw new EmailTakenError();
  }
}
