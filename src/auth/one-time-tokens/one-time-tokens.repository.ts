import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { TokenPurpose } from './token-purpose.js';

export interface NewOneTimeToken {
  readonly hash: Buffer;
  readonly purpose: TokenPurpose;
  /** Null does the same work for nobody. */
  readonly userId: string | null;
}

@Injectable()
export class OneTimeTokensRepository {
  /** @param lifetime milliseconds */
  async insert(manager: EntityManager, { hash, purpose, userId }: NewOneTimeToken, lifetime: number): Promise<void> {
    await manager.query(
      `INSERT INTO one_time_tokens (hash, purpose, user_id, expires_at)
       SELECT $1, $2, id, now() + $4::float8 * interval '1 millisecond' FROM users WHERE id = $3`,
      [hash, purpose, userId, lifetime],
    );
  }

  /** How many tokens of this purpose a user was given less than so many milliseconds ago, of those that still work. */
  async countRecent(manager: EntityManager, userId: string, purpose: TokenPurpose, interval: number): Promise<number> {
    const [row] = await manager.query<{ count: number }[]>(
      `SELECT count(*)::int AS count FROM one_time_tokens
        WHERE user_id = $1 AND purpose = $2 AND created_at > now() - $3::float8 * interval '1 millisecond'`,
      [userId, purpose, interval],
    );
    return row?.count ?? 0;
  }

  /** The user of a token that still works. */
  async findUser(manager: EntityManager, hash: Buffer, purpose: TokenPurpose): Promise<string | null> {
    const [row] = await manager.query<{ user_id: string }[]>(
      `SELECT user_id FROM one_time_tokens WHERE hash = $1 AND purpose = $2 AND expires_at > now()`,
      [hash, purpose],
    );
    return row?.user_id ?? null;
  }

  /** Deletes a token that still works, and gives its user. Of any number that try at once, one succeeds. */
  async take(manager: EntityManager, hash: Buffer, purpose: TokenPurpose): Promise<string | null> {
    const [rows] = await manager.query<[{ user_id: string }[], number]>(
      `DELETE FROM one_time_tokens WHERE hash = $1 AND purpose = $2 AND expires_at > now() RETURNING user_id`,
      [hash, purpose],
    );
    return rows[0]?.user_id ?? null;
  }

  /** @param purpose all of them where it is left out */
  async deleteAll(manager: EntityManager, userId: string | null, purpose?: TokenPurpose): Promise<void> {
    await manager.query(`DELETE FROM one_time_tokens WHERE user_id = $1 AND ($2::text IS NULL OR purpose = $2)`, [
      userId,
      purpose ?? null,
    ]);
  }
}
