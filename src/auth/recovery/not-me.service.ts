import { Injectable } from '@nestjs/common';
import type { Client } from '../../common/client.js';
import { AuditRecorder } from '../../platform/audit/audit.recorder.js';
import { Database } from '../../platform/database/database.js';
import { PasswordHasher } from '../../platform/passwords/password-hasher.js';
import { RateLimitsService } from '../../platform/rate-limits/rate-limits.service.js';
import { SessionsRepository } from '../../sessions/sessions.repository.js';
import { UsersRepository } from '../../users/users.repository.js';
import { OneTimeTokensRepository } from '../one-time-tokens/one-time-tokens.repository.js';
import { recordTokenFailure } from '../one-time-tokens/record-token-failure.js';
import { PasswordResetService } from './password-reset.service.js';

/** Handles the *this was not me* link of security mails. */
@Injectable()
export class NotMeService {
  constructor(
    private readonly limits: RateLimitsService,
    private readonly database: Database,
    private readonly users: UsersRepository,
    private readonly hasher: PasswordHasher,
    private readonly sessions: SessionsRepository,
    private readonly tokens: OneTimeTokensRepository,
    private readonly resets: PasswordResetService,
    private readonly audit: AuditRecorder,
  ) {}

  /**
   * Secures an account: revokes all sessions, replaces the password with an unusable one, voids all links, and mails a
   * link to choose a new password.
   *
   * @throws TokenUsedOrExpiredError, TooManyRequestsError
   */
  async reportNotMe(token: string, client: Client): Promise<void> {
    await this.limits.spend('verify', { client });
    try {
      await this.database.transactionWithRetry(async (manager) => {
        const user = await this.tokens.redeem(manager, 'not_me', token);
        const { id } = user;
        const actor = { userId: id, client };
        await this.sessions.revoke(manager, { userId: id }, { reason: 'password_reset', actor });
        await this.users.setPasswordHash(manager, id, this.hasher.unusable());
        await this.tokens.void(manager, id);
        await this.audit.record(manager, { type: 'not_me_reported', userId: id, actor });
        await this.resets.sendLink(manager, user);
      });
    } catch (error) {
      await recordTokenFailure(this.database, this.audit, { type: 'not_me_reported', client, error });
      throw error;
    }
  }
}
