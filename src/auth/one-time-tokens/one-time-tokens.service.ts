import { Injectable } from '@nestjs/common';
import type { Client } from '../../common/client.js';
import { Database } from '../../platform/database/database.js';
import { RateLimitsService } from '../../platform/rate-limits/rate-limits.service.js';
import type { TokenPurpose } from './one-time-token.entity.js';
import { OneTimeTokensRepository } from './one-time-tokens.repository.js';

@Injectable()
export class OneTimeTokensService {
  constructor(
    private readonly limits: RateLimitsService,
    private readonly database: Database,
    private readonly tokens: OneTimeTokensRepository,
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
}
