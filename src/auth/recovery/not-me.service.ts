import { Injectable } from '@nestjs/common';
import type { Client } from '../../common/client.js';
import { AuditRecorder } from '../../platform/audit/audit.recorder.js';
import { Database, type EntityManager } from '../../platform/database/database.js';
import { MailOutbox } from '../../platform/mail/mail-outbox.js';
import { PasswordHasher } from '../../platform/passwords/password-hasher.js';
import { SessionsRepository } from '../../sessions/sessions.repository.js';
import type { User } from '../../users/user.entity.js';
import { UsersRepository } from '../../users/users.repository.js';
import { emailRestored } from '../auth.mails.js';
import { FactorsResetService } from '../factors/factors-reset.service.js';
import { OneTimeTokensRepository } from '../one-time-tokens/one-time-tokens.repository.js';
import { OneTimeTokensService } from '../one-time-tokens/one-time-tokens.service.js';
import { PasswordResetService } from './password-reset.service.js';

/** Handles the *this was not me* link of security mails. */
@Injectable()
export class NotMeService {
  constructor(
    private readonly database: Database,
    private readonly users: UsersRepository,
    private readonly hasher: PasswordHasher,
    private readonly sessions: SessionsRepository,
    private readonly tokens: OneTimeTokensRepository,
    private readonly attempts: OneTimeTokensService,
    private readonly resets: PasswordResetService,
    private readonly mails: MailOutbox,
    private readonly factorResets: FactorsResetService,
    private readonly audit: AuditRecorder,
  ) {}

  /**
   * Secures an account. Restores the email that received the link, revokes all sessions, and replaces the password with an
   * unusable one. Removes recent second factors, or all if the restored email was never verified before. Voids all links,
   * and mails a link to choose a new password. Links to an even earlier email still work, because this one may be that of
   * a thief.
   *
   * @throws EmailTakenError if another account has that email. The token still works
   * @throws TokenUsedOrExpiredError, TooManyRequestsError
   */
  async reportNotMe(token: string, client: Client): Promise<void> {
    await this.attempts.useToken('not_me_reported', client, () =>
      this.database.transactionWithRetry(async (manager) => {
        const { user, email, createdAt, emailVerifiedAt } = await this.tokens.redeem(manager, 'not_me', token);
        const { id } = user;
        const isRestored = email !== null && email !== user.email;
        if (isRestored) await this.restoreEmail(manager, user, email);
        const actor = { userId: id, client };
        await this.sessions.revoke(manager, { userId: id }, { reason: 'password_reset', actor });
        await this.users.setPasswordHash(manager, id, this.hasher.unusable());
        const isUnproven = isRestored && emailVerifiedAt === null;
        if (isUnproven) await this.factorResets.removeUnproven(manager, user, actor, 'not_me');
        else await this.factorResets.removeRecent(manager, user, actor);
        await this.tokens.voidAll(manager, id, createdAt);
        const event = { type: 'not_me_reported', userId: id, actor } as const;
        await this.audit.record(manager, { ...event, ...(isRestored && { details: { email: 'restored' } }) });
        await this.resets.sendLink(manager, isRestored ? { ...user, email } : user);
      }),
    );
  }

  /** Restores an earlier email. It counts as verified, because the mail with the link arrived there. */
  private async restoreEmail(manager: EntityManager, user: User, email: string): Promise<void> {
    await this.users.changeEmail(manager, user.id, email);
    await this.mails.post(manager, emailRestored, { email: user.email, name: null }, {});
  }
}
