import { RateLimiterPostgres } from 'rate-limiter-flexible';
import type { RateLimitPolicy } from '../../common/client.js';
import type { Database } from '../database/database.js';
import { SharedCounter } from './shared-counter.js';

/** A statement of the library. We ignore its name, because poolers may not support prepared statements. */
interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Counts in the table `rate_limits`, with one statement per point. */
export class PostgresCounter extends SharedCounter {
  constructor(private readonly database: Database) {
    super();
  }

  protected createLimiter({ name, points, windowSeconds }: RateLimitPolicy): RateLimiterPostgres {
    return new RateLimiterPostgres({
      storeClient: { query: (statement: Statement) => this.query(statement) },
      storeType: 'client',
      tableName: 'rate_limits',
      tableCreated: true,
      clearExpiredByTimeout: false,
      keyPrefix: name,
      points,
      duration: windowSeconds,
    });
  }

  private async query({ text, values }: Statement): Promise<{ rows: unknown[] }> {
    return { rows: await this.database.run((manager) => manager.query<unknown[]>(text, [...values])) };
  }
}
