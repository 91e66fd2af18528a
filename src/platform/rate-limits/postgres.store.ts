import { RateLimiterPostgres } from 'rate-limiter-flexible';
import type { Database } from '../database/database.js';
import type { RateLimitPolicy } from './rate-limit.js';
import { RateLimitStore } from './rate-limit.store.js';
import { TABLE, type RateLimitsRepository } from './rate-limits.repository.js';

/** A statement of the library's. It has a name too, for a prepared statement, which a pooler may not bear. */
interface Statement {
  readonly text: string;
  readonly values: readonly unknown[];
}

/** Counts in the table `rate_limits`: one statement for each point that is taken or given back. */
export class PostgresStore extends RateLimitStore {
  constructor(
    private readonly database: Database,
    private readonly rateLimits: RateLimitsRepository,
  ) {
    super();
  }

  limiter({ name, points, window }: RateLimitPolicy): RateLimiterPostgres {
    return new RateLimiterPostgres({
      storeClient: { query: (statement: Statement) => this.query(statement) },
      storeType: 'client',
      tableName: TABLE,
      tableCreated: true,
      clearExpiredByTimeout: false,
      keyPrefix: name,
      points,
      duration: window,
    });
  }

  private async query({ text, values }: Statement): Promise<{ rows: unknown[] }> {
    return { rows: await this.database.run((manager) => this.rateLimits.run(manager, text, values)) };
  }
}
