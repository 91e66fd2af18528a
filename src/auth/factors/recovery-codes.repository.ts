import { createHash, randomInt } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { RECOVERY_CODE_CHARACTERS, RECOVERY_CODE_ALPHABET } from './factor-codes.js';

const CODES_PER_USER = 10;

/**
 * Creates and verifies recovery codes. SHA-256 suffices, because a code has 120 random bits. The hash uses no key of the
 * server, so that codes still work if `FACTOR_SECRET` is lost. It includes the user ID, so that a row works for its own
 * user only.
 */
@Injectable()
export class RecoveryCodesRepository {
  /** Replaces all codes of a user, and returns the new ones. The caller must have locked the user's row. */
  async replace(manager: EntityManager, userId: string): Promise<string[]> {
    const codes = Array.from({ length: CODES_PER_USER }, newCode);
    await this.delete(manager, userId);
    await manager.query(`INSERT INTO recovery_codes (user_id, hash) SELECT $1, unnest($2::bytea[])`, [
      userId,
      codes.map((code) => hash(userId, code)),
    ]);
    return codes.map((code) => code.replaceAll(/(.{4})(?=.)/g, '$1-'));
  }

  /** Deletes a code if it is valid. Returns whether it was. @param code normalized */
  async use(manager: EntityManager, userId: string, code: string): Promise<boolean> {
    const [, deleted] = await manager.query<[unknown, number]>(
      `DELETE FROM recovery_codes WHERE user_id = $1 AND hash = $2`,
      [userId, hash(userId, code)],
    );
    return deleted === 1;
  }

  async count(manager: EntityManager, userId: string): Promise<number> {
    const [row] = await manager.query<{ count: number }[]>(
      `SELECT count(*)::int AS count FROM recovery_codes WHERE user_id = $1`,
      [userId],
    );
    return row?.count ?? 0;
  }

  /** Deletes all codes of a user, or those that were created within the last `intervalMs`. */
  async delete(manager: EntityManager, userId: string, intervalMs: number | null = null): Promise<void> {
    await manager.query(
      `DELETE FROM recovery_codes
        WHERE user_id = $1 AND ($2::float8 IS NULL OR created_at > now() - $2 * interval '1 millisecond')`,
      [userId, intervalMs],
    );
  }
}

function newCode(): string {
  const character = () => RECOVERY_CODE_ALPHABET.charAt(randomInt(RECOVERY_CODE_ALPHABET.length));
  return Array.from({ length: RECOVERY_CODE_CHARACTERS }, character).join('');
}

function hash(userId: string, code: string): Buffer {
  return createHash('sha256').update(`${userId}:${code}`).digest();
}
