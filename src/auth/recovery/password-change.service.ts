import { Injectable } from '@nestjs/common';
import { AuditRecorder } from '../../platform/audit/audit.recorder.js';
import type { Principal } from '../../common/principal.js';
import { Database, type EntityManager } from '../../platform/database/database.js';
import { OneTimeTokensService } from '../one-time-tokens/one-time-tokens.service.js';
import { PasswordHasher } from '../../platform/passwords/password-hasher.js';
import { PasswordPolicy } from '../../platform/passwords/password-policy.js';
import type { Client } from '../../common/client.js';
import { SecurityMailsService } from '../security-mails.service.js';
import { SessionsService } from '../../sessions/sessions.service.js';
import { AccountsService } from '../../users/accounts.service.js';
import { CredentialsService } from '../../users/credentials.service.js';
import { UserEvents } from '../../users/user-events.js';
import type { User } from '../../users/user.entity.js';
import { PasswordUnchangedError } from './recovery.errors.js';

/** The password that someone has, and the one that they want. */
export interface PasswordChange {
  readonly current: string;
  readonly next: string;
}

/** A new password from someone who is signed in and knows the present one (ASVS 6.2.2, 6.2.3). */
@Injectable()
export class PasswordChangeService {
  constructor(
    private readonly database: Database,
    private readonly credentials: CredentialsService,
    private readonly accounts: AccountsService,
    private readonly userEvents: UserEvents,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    private readonly sessions: SessionsService,
    private readonly tokens: OneTimeTokensService,
    private readonly securityMails: SecurityMailsService,
    private readonly audit: AuditRecorder,
  ) {}

  /**
   * Changes the password of the one who asks. All their other sessions end, and so do the links to reset the password
   * (ASVS 7.4.3); the session that asks goes on.
   *
   * @throws InvalidCredentialsError if `current` is not the password
   * @throws PasswordUnchangedError, PasswordTooWeakError, OverloadedError, TooManyRequestsError
   * @throws what `UserEvents.acting` throws
   */
  async change(actor: Principal, client: Client, { current, next }: PasswordChange): Promise<void> {
    const user = await this.credentials.confirm(actor, client, current);
    if (next === current) throw new PasswordUnchangedError();
    await this.policy.assertAcceptable(next, user, '/newPassword');
    const passwordHash = await this.hasher.hash(next);
    const isDone = await this.database.transaction(async (manager) => {
      const isUnchanged = await this.credentials.hold(manager, user);
      await this.userEvents.acting(manager, actor);
      if (isUnchanged) await this.replace(manager, user, actor, passwordHash);
      return isUnchanged;
    });
    // The password or only its hash was replaced meanwhile. Look again.
    if (!isDone) await this.change(actor, client, { current, next });
  }

  private async replace(manager: EntityManager, user: User, actor: Principal, passwordHash: string): Promise<void> {
    const { id } = user;
    await this.sessions.endAll(manager, id, { reason: 'password_changed', actor }, actor.sessionId);
    await this.accounts.replacePassword(manager, id, passwordHash);
    await this.tokens.void(manager, id, 'password_reset');
    await this.audit.record(manager, { type: 'password_changed', userId: id, actor });
    await this.securityMails.post(manager, 'password_changed', user, actor.client);
  }
}
