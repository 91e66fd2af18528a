import { Injectable } from '@nestjs/common';
import type { Client } from '../../common/client.js';
import type { AuditType } from '../../platform/audit/audit-event.js';
import { AuditRecorder } from '../../platform/audit/audit.recorder.js';
import { Database } from '../../platform/database/database.js';
import { RateLimitsService } from '../../platform/rate-limits/rate-limits.service.js';
import type { TokenPurpose } from './one-time-token.entity.js';
import { TokenUsedOrExpiredError } from './one-time-tokens.errors.js';
import { OneTimeTokensRepository } from './one-time-tokens.repository.js';

/** Limits and records the attempts to use tokens. */
@Injectable()
export class OneTimeTokensService {
  constructor(
    private readonly limits: RateLimitsService,
    private readonly database: Database,
    private readonly tokens: OneTimeTokensRepository,
    private readonly audit: AuditRecorder,
  ) {}

  /**
   * Checks a token without using it. Shares the limit of the routes that use tokens, so that guesses gain nothing.
   *
   * @throws TokenUsedOrExpiredError, TooManyRequestsError
   */
  async checkToken(purpose: TokenPurpose, token: string, client: Client): Promise<void> {
    await this.limits.spend('verify', { client });
    await this.database.run((manager) => this.tokens.findUser(manager, purpose, token), client);
  }

  /**
   * Counts an attempt to use a token, and runs it. Records it as failed if the token does not work.
   *
   * @throws TooManyRequestsError, the errors of the attempt
   */
  async useToken(type: AuditType, client: Client, use: () => Promise<void>): Promise<void> {
    await this.limits.spend('verify', { client });
    try {
      await use();
    } catch (error) {
      if (error instanceof TokenUsedOrExpiredError) {
        const event = { type, outcome: 'failure', reason: error.code, actor: { client } } as const;
        await this.database.run((manager) => this.audit.record(manager, event));
      }
      throw error;
    }
  }
}
