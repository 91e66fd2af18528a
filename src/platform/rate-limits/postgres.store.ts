import { RateLimiterPostgres } from 'rate-limiter-flexible';
import type { RateLimitPolicy } from '../../common/client.js';
import type { Database } from '../database/database.js';
import type { SharedStore } from './rate-limit.counter.js';

/** A statement of the library. We ignore its name, because poolers may not support prepared statements. */
interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Counts in the table `rate_limits`, with one statement per point. */
export class PostgresStore implements SharedStore {
  constructor(private readonly database: Database) {}

  createLimiter({ name, points, windowSeconds }: RateLimitPolicy): RateLimiterPostgres {
    return new RateLimiterPostgres({
      storeClient: { query: ({ text, values }: Statement) => this.database.query(text, values) },
      storeType: 'client',
      tableName: 'rate_limits',
      tableCreated: true,
      clearExpiredByTimeout: false,
      keyPrefix: name,
      points,
      duration: windowSeconds,
    });
  }
}
