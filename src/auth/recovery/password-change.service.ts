import { Injectable } from '@nestjs/common';
import type { Client } from '../../common/client.js';
import { OverloadedError } from '../../common/domain.error.js';
import type { Principal } from '../../common/principal.js';
import { AuditRecorder } from '../../platform/audit/audit.recorder.js';
import { Database } from '../../platform/database/database.js';
import { normalizePassword } from '../../platform/passwords/normalize-password.js';
import { PasswordHasher } from '../../platform/passwords/password-hasher.js';
import { PasswordPolicy } from '../../platform/passwords/password-policy.js';
import { SessionsRepository } from '../../sessions/sessions.repository.js';
import { SessionsService } from '../../sessions/sessions.service.js';
import { PasswordConfirmationService } from '../../users/password-confirmation.service.js';
import { UsersRepository } from '../../users/users.repository.js';
import { passwordChanged } from '../auth.mails.js';
import { OneTimeTokensRepository } from '../one-time-tokens/one-time-tokens.repository.js';
import { SecurityMailsService } from '../security-mails.service.js';
import { PasswordUnchangedError } from './recovery.errors.js';

/** The hash can change while the new password is hashed. Then the change starts over, at most this often. */
const MAX_ROUNDS = 10;

export interface PasswordChange {
  readonly current: string;
  readonly next: string;
  readonly revokesKeys: boolean;
}

/** Changes the password of a signed-in user who knows the current one (ASVS 6.2.2, 6.2.3). */
@Injectable()
export class PasswordChangeService {
  constructor(
    private readonly database: Database,
    private readonly confirmation: PasswordConfirmationService,
    private readonly users: UsersRepository,
    private readonly policy: PasswordPolicy,
    private readonly hasher: PasswordHasher,
    private readonly sessions: SessionsService,
    private readonly sessionsRepository: SessionsRepository,
    private readonly tokens: OneTimeTokensRepository,
    private readonly securityMails: SecurityMailsService,
    private readonly audit: AuditRecorder,
  ) {}

  /**
   * Changes the caller's password. Revokes their other sign-ins, and API keys if asked, and voids their reset links and a
   * pending change of the email (ASVS 7.4.3). The current session stays signed in.
   *
   * @throws IncorrectPasswordError if `current` is wrong
   * @throws PasswordUnchangedError, PasswordTooWeakError, OverloadedError, TooManyRequestsError
   * @throws the errors of `SessionsService.assertActorAllowed`
   */
  async changePassword(actor: Principal, client: Client, change: PasswordChange): Promise<void> {
    const { current, next, revokesKeys } = change;
    for (let round = 0; round < MAX_ROUNDS; round += 1) {
      const user = await this.confirmation.confirmPassword(actor, client, current);
      if (normalizePassword(next) === normalizePassword(current)) throw new PasswordUnchangedError();
      await this.policy.assertAcceptable(next, user, '/newPassword');
      const passwordHash = await this.hasher.hash(next, client);
      const isChanged = await this.database.transactionWithRetry(async (manager) => {
        const isUnchanged = (await this.users.lockIfUnchanged(manager, user)) !== null;
        await this.sessions.assertActorAllowed(manager, actor);
        if (!isUnchanged) return false;
        const { id } = user;
        const kind = revokesKeys ? undefined : 'sign_in';
        const others = { userId: id, kind, exceptId: actor.sessionId } as const;
        await this.sessionsRepository.revoke(manager, others, { reason: 'password_changed', actor });
        await this.users.setPasswordHash(manager, id, passwordHash);
        await this.tokens.void(manager, id, ['password_reset', 'email_change']);
        await this.audit.record(manager, { type: 'password_changed', userId: id, actor });
        await this.securityMails.queue(manager, passwordChanged, user, actor.client);
        return true;
      });
      if (isChanged) return;
    }
    throw new OverloadedError();
  }
}
