import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { InjectConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import type { User } from '../../users/user.entity.js';
import { UsersRepository } from '../../users/users.repository.js';
import { createRandomToken, hashRandomToken } from '../random-token.js';
import { NOT_ME_TTL_MS, type OneTimeToken, type TokenPurpose } from './one-time-token.entity.js';
import { TokenUsedOrExpiredError } from './one-time-tokens.errors.js';

/** Links that an email receives or confirms. They stop working when the account gets another one. */
const EMAIL_PURPOSES = ['password_reset', 'email_verification', 'email_change', 'invitation'] as const;
/** A token counts as new for half of its lifetime, and at least for this time. */
const MIN_NEW_MS = 15 * 60_000;

/** A token that was valid, with its user, who is locked. */
export interface RedeemedToken extends Pick<OneTimeToken, 'email' | 'createdAt'> {
  /** For a `not_me`, when its email was verified, even if that was after this token was issued. */
  readonly emailVerifiedAt: Date | null;
  readonly user: User;
}

/** Issues, redeems and voids tokens that are sent by mail and work once (ASVS 6.4.3). Those of inactive users do not work. */
@Injectable()
export class OneTimeTokensRepository {
  private readonly ttlMs: Readonly<Record<TokenPurpose, number>>;

  constructor(
    @InjectConfig() { recovery }: Config,
    private readonly users: UsersRepository,
  ) {
    this.ttlMs = {
      password_reset: recovery.passwordResetTtl,
      email_verification: recovery.emailVerificationTtl,
      not_me: NOT_ME_TTL_MS,
      email_change: recovery.emailVerificationTtl,
      invitation: recovery.invitationTtl,
    };
  }

  /**
   * Creates a token for a user and voids the earlier ones of its purpose, except `not_me`, because each of those belongs
   * to another mail. With `null`, runs the same statements and inserts nothing, so that timing does not reveal whether the
   * account exists.
   *
   * @param email for `OneTimeToken.email`
   * @param emailVerifiedAt for `OneTimeToken.emailVerifiedAt`
   */
  async issue(
    manager: EntityManager,
    purpose: TokenPurpose,
    userId: string | null,
    email: string | null = null,
    emailVerifiedAt: Date | null = null,
  ): Promise<string> {
    if (purpose !== 'not_me') await this.void(manager, userId, [purpose]);
    return this.issueFirst(manager, purpose, userId, email, emailVerifiedAt);
  }

  /** Creates a token for a user who has none of its purpose. */
  async issueFirst(
    manager: EntityManager,
    purpose: TokenPurpose,
    userId: string | null,
    email: string | null = null,
    emailVerifiedAt: Date | null = null,
  ): Promise<string> {
    const { token, hash } = createRandomToken();
    await this.insert(manager, hash, purpose, userId, email, emailVerifiedAt);
    return token;
  }

  /**
   * Creates a token, or returns `null` if an earlier one is new: less than half of its lifetime old, or `MIN_NEW_MS` if
   * that is longer. Earlier tokens remain valid. Both cases run the same statements.
   */
  async issueUnlessNew(manager: EntityManager, purpose: TokenPurpose, userId: string | null): Promise<string | null> {
    const { token, hash } = createRandomToken();
    const newMs = Math.max(this.ttlMs[purpose] / 2, MIN_NEW_MS);
    const [recent] = await manager.query<unknown[]>(
      `SELECT FROM one_time_tokens
        WHERE user_id = $1 AND purpose = $2 AND created_at > now() - $3::float8 * interval '1 millisecond' LIMIT 1`,
      [userId, purpose, newMs],
    );
    await this.insert(manager, hash, purpose, recent ? null : userId);
    return recent ? null : token;
  }

  /** Returns how many of a user's valid tokens were created within the last `intervalMs`. */
  async countRecent(
    manager: EntityManager,
    purpose: TokenPurpose,
    userId: string,
    intervalMs: number,
  ): Promise<number> {
    const [row] = await manager.query<{ count: number }[]>(
      `SELECT count(*)::int AS count FROM one_time_tokens
        WHERE user_id = $1 AND purpose = $2 AND created_at > now() - $3::float8 * interval '1 millisecond'`,
      [userId, purpose, intervalMs],
    );
    return row?.count ?? 0;
  }

  /** Returns the user of a valid token. The token remains valid. @throws TokenUsedOrExpiredError */
  async findUser(manager: EntityManager, purpose: TokenPurpose, token: string): Promise<User> {
    const id = await this.findUserId(manager, purpose, token);
    return orThrow(await this.users.findActive(manager, { id }));
  }

  /**
   * Deletes a valid token and locks its user until the transaction ends. Locks the user first, as every transaction does
   * that locks more of an account. Of several parallel calls, one succeeds. If the transaction rolls back, the token
   * remains valid.
   *
   * @throws TokenUsedOrExpiredError
   */
  async redeem(manager: EntityManager, purpose: TokenPurpose, token: string): Promise<RedeemedToken> {
    const id = await this.findUserId(manager, purpose, token);
    const user = orThrow(await this.users.lockActive(manager, { id }));
    const [deleted] = await manager.query<[Omit<RedeemedToken, 'user'>[], number]>(
      `DELETE FROM one_time_tokens t WHERE hash = $1 AND purpose = $2 AND expires_at > now()
       RETURNING email, created_at AS "createdAt",
                 (SELECT max(o.email_verified_at) FROM one_time_tokens o
                   WHERE o.user_id = t.user_id AND o.purpose = t.purpose AND o.email = t.email) AS "emailVerifiedAt"`,
      [hashOf(token), purpose],
    );
    return { ...orThrow(deleted[0]), user };
  }

  /** Deletes a user's tokens of these purposes. By default, those that must not outlive the user's email. */
  async void(
    manager: EntityManager,
    userId: string | null,
    purposes: readonly TokenPurpose[] = EMAIL_PURPOSES,
  ): Promise<void> {
    await manager.query(`DELETE FROM one_time_tokens WHERE user_id = $1 AND purpose = ANY ($2)`, [userId, purposes]);
  }

  /**
   * Deletes a user's tokens of all purposes, except those that restore an earlier email. Otherwise a thief who changed the
   * email could void them with a password reset.
   *
   * @param before keeps only those that were created until then. A later email may be that of a thief
   */
  async voidAll(manager: EntityManager, userId: string, before: Date | 'infinity' = 'infinity'): Promise<void> {
    await manager.query(
      `DELETE FROM one_time_tokens t USING users u
        WHERE t.user_id = $1 AND u.id = t.user_id
          AND (t.purpose = 'not_me' AND t.email <> u.email AND t.created_at <= $2) IS NOT TRUE`,
      [userId, before],
    );
  }

  private async insert(
    manager: EntityManager,
    hash: Buffer,
    purpose: TokenPurpose,
    userId: string | null,
    email: string | null = null,
    emailVerifiedAt: Date | null = null,
  ): Promise<void> {
    // The time of the clock, because `voidAll` depends on the order of transactions that waited for each other.
    await manager.query(
      `INSERT INTO one_time_tokens (hash, purpose, user_id, email, email_verified_at, created_at, expires_at)
       SELECT $1, $2, id, $5, $6, clock_timestamp(), now() + $4::float8 * interval '1 millisecond'
         FROM users WHERE id = $3`,
      [hash, purpose, userId, this.ttlMs[purpose], email, emailVerifiedAt],
    );
  }

  private async findUserId(manager: EntityManager, purpose: TokenPurpose, token: string): Promise<string> {
    const [row] = await manager.query<{ user_id: string }[]>(
      `SELECT user_id FROM one_time_tokens WHERE hash = $1 AND purpose = $2 AND expires_at > now()`,
      [hashOf(token), purpose],
    );
    return orThrow(row).user_id;
  }
}

/** Returns the stored hash of a token. @throws TokenUsedOrExpiredError if the token is malformed */
function hashOf(token: string): Buffer {
  return orThrow(hashRandomToken(token));
}

function orThrow<T>(value: T | null | undefined): T {
  if (value === null || value === undefined) throw new TokenUsedOrExpiredError();
  return value;
}
