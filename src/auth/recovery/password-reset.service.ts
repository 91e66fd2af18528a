import { setTimeout as sleep } from 'node:timers/promises';
import { Injectable } from '@nestjs/common';
import { AuditRecorder } from '../../platform/audit/audit.recorder.js';
import type { Client } from '../../common/client.js';
import { Database, type EntityManager } from '../../platform/database/database.js';
import { MailOutbox } from '../../platform/mail/mail-outbox.js';
import { OneTimeTokensService } from '../one-time-tokens/one-time-tokens.service.js';
import { PasswordHasher } from '../../platform/passwords/password-hasher.js';
import { PasswordPolicy } from '../../platform/passwords/password-policy.js';
import { RateLimitsService } from '../../platform/rate-limits/rate-limits.service.js';
import { SecurityMailsService } from '../security-mails.service.js';
import { SessionsService } from '../../sessions/sessions.service.js';
import { AccountsService } from '../../users/accounts.service.js';
import { normalizeEmail } from '../../users/email.js';
import type { User } from '../../users/user.entity.js';
import { TokenHolders } from './token-holders.service.js';

/**
 * How long asking for a link takes at least, in milliseconds: more than the two rows take that are only written where
 * there is an account, on a machine with work to do.
 */
const LEAST_DURATION = 100;

/** A new password for someone who lost theirs, and shows by a mailed token that the address is theirs (ASVS 6.4.3). */
@Injectable()
export class PasswordResetService {
  constructor(
    private readonly limits: RateLimitsService,
    private readonly database: Database,
    private readonly accounts: AccountsService,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    private readonly sessions: SessionsService,
    private readonly tokens: OneTimeTokensService,
    private readonly holders: TokenHolders,
    private readonly mails: MailOutbox,
    private readonly securityMails: SecurityMailsService,
    private readonly audit: AuditRecorder,
  ) {}

  /**
   * Mails a link to choose a new password, if there is an active account with this address. Whoever asks is not told:
   * the same statements run in either case, those who ask at once wait for each other, one event is recorded, and nobody
   * is answered before the slower case would be, too (ASVS 6.3.8).
   *
   * @throws TooManyRequestsError
   */
  async request(email: string, client: Client): Promise<void> {
    await this.limits.spend('forgot', { client, account: normalizeEmail(email) });
    const answerable = sleep(LEAST_DURATION);
    await this.database.transaction(async (manager) => {
      await this.accounts.queue(manager, email);
      const user = await this.accounts.hold(manager, { email });
      await this.mailLink(manager, user);
      const userId = user?.id ?? null;
      await this.audit.record(manager, { type: 'password_reset_requested', userId, actor: { client } });
    });
    await answerable;
  }

  /** Mails a link to choose a new password, in a transaction that holds the user; the links before it are void. */
  async mailLink(manager: EntityManager, user: User | null): Promise<void> {
    const token = await this.tokens.issue(manager, 'password_reset', user?.id ?? null);
    const contents = { name: user?.name ?? null, token };
    await this.mails.post(manager, { kind: 'reset_password', recipient: user?.email ?? null, contents });
  }

  /**
   * Sets a new password by a mailed token. All sessions and all other tokens of the user end, and the address counts as
   * verified: the mail has arrived there.
   *
   * @throws TokenUsedOrExpiredError and nothing tells why it does not work
   * @throws PasswordTooWeakError and the token still works
   * @throws OverloadedError, TooManyRequestsError
   */
  reset(token: string, newPassword: string, client: Client): Promise<void> {
    return this.holders.attempt('password_reset', client, async () => {
      // Hashing is dear: nobody gets it for a token that does not work. Of many who try at once, `redeem` takes one.
      const user = await this.database.run((manager) => this.holders.find(manager, 'password_reset', token));
      await this.policy.assertAcceptable(newPassword, user, '/newPassword');
      const passwordHash = await this.hasher.hash(newPassword);
      await this.database.transaction((manager) => this.redeem(manager, token, passwordHash, client));
    });
  }

  private async redeem(manager: EntityManager, token: string, passwordHash: string, client: Client): Promise<void> {
    const user = await this.holders.redeem(manager, 'password_reset', token);
    const { id } = user;
    const actor = { userId: id, client };
    await this.sessions.endAll(manager, id, { reason: 'password_reset', actor });
    await this.accounts.replacePassword(manager, id, passwordHash);
    await this.accounts.confirmEmail(manager, user);
    await this.tokens.void(manager, id);
    await this.audit.record(manager, { type: 'password_reset', userId: id, actor });
    await this.securityMails.post(manager, 'password_changed', user, client);
  }
}
