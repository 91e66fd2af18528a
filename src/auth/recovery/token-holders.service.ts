import { Injectable } from '@nestjs/common';
import type { AuditType } from '../../platform/audit/audit-event.js';
import { AuditRecorder } from '../../platform/audit/audit.recorder.js';
import { Database, type EntityManager } from '../../platform/database/database.js';
import { OneTimeTokensService } from '../one-time-tokens/one-time-tokens.service.js';
import { TokenUsedOrExpiredError } from '../one-time-tokens/one-time-tokens.errors.js';
import type { TokenPurpose } from '../one-time-tokens/token-purpose.js';
import type { Client } from '../../common/client.js';
import { RateLimitsService } from '../../platform/rate-limits/rate-limits.service.js';
import { AccountsService } from '../../users/accounts.service.js';
import type { User } from '../../users/user.entity.js';

/** From a one-time token to the person who holds it. A token of somebody inactive does not work. */
@Injectable()
export class TokenHolders {
  constructor(
    private readonly tokens: OneTimeTokensService,
    private readonly accounts: AccountsService,
    private readonly limits: RateLimitsService,
    private readonly database: Database,
    private readonly audit: AuditRecorder,
  ) {}

  /**
   * Does something with a token, as often as a client may try, and writes it down if the token does not work.
   *
   * @throws TooManyRequestsError, and what `act` throws
   */
  async attempt(type: AuditType, client: Client, act: () => Promise<void>): Promise<void> {
    await this.limits.spend('verify', { client });
    try {
      await act();
    } catch (error) {
      if (error instanceof TokenUsedOrExpiredError) {
        const entry = { type, outcome: 'failure', reason: error.code, actor: { client } } as const;
        await this.database.run((manager) => this.audit.record(manager, entry));
      }
      throw error;
    }
  }

  /** Whose a token is, while it works. It is not used up. @throws TokenUsedOrExpiredError */
  async find(manager: EntityManager, purpose: TokenPurpose, token: string): Promise<User> {
    const id = await this.tokens.ownerOf(manager, purpose, token);
    return known(await this.accounts.find(manager, { id }));
  }

  /**
   * Uses a token up, and holds its user until the transaction ends. The user's row comes first, as in every transaction
   * that locks more of an account.
   *
   * @throws TokenUsedOrExpiredError
   */
  async redeem(manager: EntityManager, purpose: TokenPurpose, token: string): Promise<User> {
    const id = await this.tokens.ownerOf(manager, purpose, token);
    const user = known(await this.accounts.hold(manager, { id }));
    await this.tokens.redeem(manager, purpose, token);
    return user;
  }
}

function known(user: User | null): User {
  if (!user) throw new TokenUsedOrExpiredError();
  return user;
}
