import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';

export const TABLE = 'rate_limits';

@Injectable()
export class RateLimitsRepository {
  /** Runs a statement of the library's, and gives the rows that it returns. */
  run(manager: EntityManager, text: string, values: readonly unknown[]): Promise<unknown[]> {
    return manager.query<unknown[]>(text, [...values]);
  }

  /**
   * Deletes windows that ended more than an hour ago, so that no instance whose clock is late still counts in one. A
   * row that someone holds is left for the next time.
   *
   * @returns how many it deleted, at most `limit`
   */
  async pruneBatch(manager: EntityManager, limit: number): Promise<number> {
    const [, deleted] = await manager.query<[unknown, number]>(
      `DELETE FROM ${TABLE} WHERE key IN (
         SELECT key FROM ${TABLE} WHERE expire < (extract(epoch FROM now() - interval '1 hour') * 1000)::bigint
          ORDER BY expire LIMIT $1 FOR UPDATE SKIP LOCKED)`,
      [limit],
    );
    return deleted;
  }
}
