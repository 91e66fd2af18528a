import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import type { PrunableRows } from '../database/page-walk.js';

export const TABLE = 'rate_limits';

/** The windows that ended more than an hour ago, so that no instance whose clock is late still counts in one. */
export const LONG_OVER: PrunableRows = {
  table: TABLE,
  condition: `expire < (extract(epoch FROM now() - interval '1 hour') * 1000)::bigint`,
  parameters: [],
};

@Injectable()
export class RateLimitsRepository {
  /** Runs a statement of the library's, and gives the rows that it returns. */
  run(manager: EntityManager, text: string, values: readonly unknown[]): Promise<unknown[]> {
    return manager.query<unknown[]>(text, [...values]);
  }
}
