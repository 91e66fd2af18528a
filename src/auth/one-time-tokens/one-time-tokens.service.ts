import { createHash, randomBytes } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { EntityManager } from '../../platform/database/database.js';
import { TokenUsedOrExpiredError } from './one-time-tokens.errors.js';
import { OneTimeTokensRepository } from './one-time-tokens.repository.js';
import type { TokenPurpose } from './token-purpose.js';

/** 256 bits (ASVS 11.5.1 asks for 128). */
const TOKEN_BYTES = 32;

/** How long, in milliseconds, the link *this was not me* works. Mail is read after holidays, too. */
const NOT_ME_TTL = 7 * 86_400_000;

/** Tokens that are mailed and work once (ASVS 6.4.3). */
@Injectable()
export class OneTimeTokensService {
  private readonly lifetimes: Readonly<Record<TokenPurpose, number>>;

  constructor(
    @InjectConfig() { recovery }: Config,
    private readonly tokens: OneTimeTokensRepository,
  ) {
    this.lifetimes = {
      password_reset: recovery.passwordResetTtl,
      email_verification: recovery.emailVerificationTtl,
      not_me: NOT_ME_TTL,
    };
  }

  /**
   * A new token for a user. The older ones of its purpose are void, but for those of *this was not me*: each of these
   * stands in a mail of its own. For nobody, the same work is done and the token opens nothing.
   */
  async issue(manager: EntityManager, purpose: TokenPurpose, userId: string | null): Promise<string> {
    const token = randomBytes(TOKEN_BYTES);
    if (purpose !== 'not_me') await this.tokens.deleteAll(manager, userId, purpose);
    await this.tokens.insert(manager, { hash: hashOf(token), purpose, userId }, this.lifetimes[purpose]);
    return token.toString('base64url');
  }

  /** How many tokens of this purpose a user was given less than so many milliseconds ago, of those that still work. */
  countRecent(manager: EntityManager, purpose: TokenPurpose, userId: string, interval: number): Promise<number> {
    return this.tokens.countRecent(manager, userId, purpose, interval);
  }

  /**
   * Whose a token is, while it works. It is not used up.
   *
   * @throws TokenUsedOrExpiredError
   */
  ownerOf(manager: EntityManager, purpose: TokenPurpose, text: string): Promise<string> {
    return this.ask(text, (hash) => this.tokens.findUser(manager, hash, purpose));
  }

  /**
   * Uses a token up, and tells whose it was. If the transaction is rolled back, the token works again.
   *
   * @throws TokenUsedOrExpiredError
   */
  redeem(manager: EntityManager, purpose: TokenPurpose, text: string): Promise<string> {
    return this.ask(text, (hash) => this.tokens.take(manager, hash, purpose));
  }

  /** Makes all of a user's tokens void, or all of one purpose. */
  async void(manager: EntityManager, userId: string, purpose?: TokenPurpose): Promise<void> {
    await this.tokens.deleteAll(manager, userId, purpose);
  }

  private async ask(text: string, userOf: (hash: Buffer) => Promise<string | null>): Promise<string> {
    const token = Buffer.from(text, 'base64url');
    const isWellFormed = token.length === TOKEN_BYTES && token.toString('base64url') === text;
    const userId = isWellFormed ? await userOf(hashOf(token)) : null;
    if (userId === null) throw new TokenUsedOrExpiredError();
    return userId;
  }
}

function hashOf(token: Buffer): Buffer {
  return createHash('sha256').update(token).digest();
}
