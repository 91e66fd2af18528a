import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { Client } from '../../common/client.js';
import type { User } from '../../users/user.entity.js';
import { UsersRepository } from '../../users/users.repository.js';
import { createRandomToken, hashRandomToken, type RandomToken } from '../random-token.js';
import { ChallengeInvalidError } from './factors.errors.js';

export const CHALLENGE_TTL_MS = 5 * 60_000;
/** A challenge is void after this many wrong factors. */
export const MAX_FAILURES = 5;
/** Someone who knows the password could otherwise fill the table. */
const MAX_PER_USER = 50;

/** Starts the challenge of a sign-in in cookie mode, so that the second step uses that mode too. */
export const COOKIE_CHALLENGE = 'cookie.';

/** A challenge whose row and user are locked until the transaction ends. */
export interface LockedChallenge {
  readonly hash: Buffer;
  readonly user: User;
}

/** Matches a challenge that is neither expired nor void, from this user agent and after the last change of the password. */
const VALID = `
   FROM sign_in_challenges c JOIN users u ON u.id = c.user_id
  WHERE c.hash = $1 AND c.user_agent IS NOT DISTINCT FROM $2 AND c.failures < ${MAX_FAILURES} AND c.expires_at > now()
    AND u.is_active AND (c.created_at > u.password_changed_at) IS NOT FALSE`;

/** Stores sign-ins that wait for their second factor. A challenge is bound to the user agent of its device. */
@Injectable()
export class ChallengesRepository {
  constructor(private readonly users: UsersRepository) {}

  /**
   * Creates a challenge. Deletes expired ones and the surplus of the user: the oldest of the devices with the most
   * challenges, so that one device does not void the only challenge of another. The caller must have locked the user's row.
   */
  async create(manager: EntityManager, userId: string, { userAgent }: Client): Promise<RandomToken> {
    const challenge = createRandomToken();
    await manager.query(
      `WITH kept AS (
         SELECT hash FROM (
           SELECT hash, created_at, row_number() OVER (PARTITION BY user_agent ORDER BY created_at DESC)
                                    + (user_agent IS NOT DISTINCT FROM $3)::int AS rank
             FROM sign_in_challenges WHERE user_id = $2 AND expires_at > now()) AS pending
          ORDER BY rank, created_at DESC LIMIT ${MAX_PER_USER - 1}),
       deleted AS (
         DELETE FROM sign_in_challenges WHERE user_id = $2 AND hash NOT IN (SELECT hash FROM kept))
       INSERT INTO sign_in_challenges (hash, user_id, user_agent, expires_at)
       VALUES ($1, $2, $3, now() + $4::float8 * interval '1 millisecond')`,
      [challenge.hash, userId, userAgent, CHALLENGE_TTL_MS],
    );
    return challenge;
  }

  /** Returns the ID of a valid challenge's user. @throws ChallengeInvalidError */
  async findUserId(manager: EntityManager, token: string, { userAgent }: Client): Promise<string> {
    const [row] = await manager.query<{ id: string }[]>(`SELECT u.id ${VALID}`, [hashOf(token), userAgent]);
    if (!row) throw new ChallengeInvalidError();
    return row.id;
  }

  /**
   * Locks the user of a valid challenge, and then the challenge. Parallel calls wait, so that each counts its failure
   * before the next one, and one of them succeeds.
   *
   * @throws ChallengeInvalidError
   */
  async lock(manager: EntityManager, token: string, client: Client): Promise<LockedChallenge> {
    const user = await this.users.lockActive(manager, { id: await this.findUserId(manager, token, client) });
    const values = [hashOf(token), client.userAgent];
    const [row] = await manager.query<{ hash: Buffer }[]>(`SELECT c.hash ${VALID} FOR UPDATE OF c`, values);
    if (!user || !row) throw new ChallengeInvalidError();
    return { ...row, user };
  }

  /** Counts a wrong factor. Returns how many the user has sent in all pending sign-ins. */
  async recordFailure(manager: EntityManager, { hash, user }: LockedChallenge): Promise<number> {
    // The `SELECT` does not see the `UPDATE` of its own statement.
    const [row] = await manager.query<{ count: number }[]>(
      `WITH failed AS (UPDATE sign_in_challenges SET failures = failures + 1 WHERE hash = $1)
       SELECT sum(failures)::int + 1 AS count FROM sign_in_challenges WHERE user_id = $2 AND expires_at > now()`,
      [hash, user.id],
    );
    return row?.count ?? 0;
  }

  async delete(manager: EntityManager, challenge: LockedChallenge): Promise<void> {
    await manager.query(`DELETE FROM sign_in_challenges WHERE hash = $1`, [challenge.hash]);
  }

  /** Deletes all challenges of a user. */
  async void(manager: EntityManager, userId: string): Promise<void> {
    await manager.query(`DELETE FROM sign_in_challenges WHERE user_id = $1`, [userId]);
  }
}

/** Returns the stored hash of a token. @throws ChallengeInvalidError if the token is malformed */
function hashOf(token: string): Buffer {
  const hash = hashRandomToken(token.startsWith(COOKIE_CHALLENGE) ? token.slice(COOKIE_CHALLENGE.length) : token);
  if (!hash) throw new ChallengeInvalidError();
  return hash;
}
