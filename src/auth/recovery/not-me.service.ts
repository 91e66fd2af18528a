import { Injectable } from '@nestjs/common';
import { AuditRecorder } from '../../platform/audit/audit.recorder.js';
import { Database } from '../../platform/database/database.js';
import { OneTimeTokensService } from '../one-time-tokens/one-time-tokens.service.js';
import { PasswordHasher } from '../../platform/passwords/password-hasher.js';
import type { Client } from '../../common/client.js';
import { SessionsService } from '../../sessions/sessions.service.js';
import { AccountsService } from '../../users/accounts.service.js';
import { PasswordResetService } from './password-reset.service.js';
import { TokenHolders } from './token-holders.service.js';

/** What follows the link *this was not me*, which stands in every mail about something that somebody else may have done. */
@Injectable()
export class NotMeService {
  constructor(
    private readonly database: Database,
    private readonly accounts: AccountsService,
    private readonly hasher: PasswordHasher,
    private readonly sessions: SessionsService,
    private readonly tokens: OneTimeTokensService,
    private readonly holders: TokenHolders,
    private readonly resets: PasswordResetService,
    private readonly audit: AuditRecorder,
  ) {}

  /**
   * Shuts an account for everyone but the reader of its mail: all sessions end, all links are void, nobody knows the
   * password any more, and a new link to choose one is mailed.
   *
   * @throws TokenUsedOrExpiredError, TooManyRequestsError
   */
  async report(token: string, client: Client): Promise<void> {
    const unusable = this.hasher.unusable();
    await this.holders.attempt('not_me_reported', client, () =>
      this.database.transaction(async (manager) => {
        const user = await this.holders.redeem(manager, 'not_me', token);
        const { id } = user;
        const actor = { userId: id, client };
        await this.sessions.endAll(manager, id, { reason: 'password_reset', actor });
        await this.accounts.replacePassword(manager, id, unusable);
        await this.tokens.void(manager, id);
        await this.audit.record(manager, { type: 'not_me_reported', userId: id, actor });
        await this.resets.mailLink(manager, user);
      }),
    );
  }
}
