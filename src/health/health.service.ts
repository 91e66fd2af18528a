import { Injectable } from '@nestjs/common';
import { Database, type PoolState } from '../platform/database/database.js';
import { DatabaseUnavailableError } from '../platform/database/pg-errors.js';
import { HealthRepository } from './health.repository.js';

export type Health = 'ok' | 'error';

/** The database alone. The round trip is in milliseconds; null if there was none. */
export interface DatabaseHealth {
  readonly status: Health;
  readonly roundTripMs: number | null;
}

/** Whether requests should be sent here: the database answers, and its schema is the one that this build needs. */
export interface Readiness {
  readonly status: Health;
  readonly checks: {
    readonly database: DatabaseHealth;
    readonly migrations: { readonly pending: readonly string[] };
    readonly pool: PoolState;
  };
}

@Injectable()
export class HealthService {
  constructor(
    private readonly database: Database,
    private readonly repository: HealthRepository,
  ) {}

  /** Times one statement. */
  async databaseHealth(): Promise<DatabaseHealth> {
    const answered = await this.ask(() =>
      this.database.run(async (manager) => {
        const start = performance.now();
        await this.repository.ping(manager);
        return performance.now() - start;
      }),
    );
    if (answered === undefined) return { status: 'error', roundTripMs: null };
    return { status: 'ok', roundTripMs: Math.round(answered * 100) / 100 };
  }

  async readiness(): Promise<Readiness> {
    const database = await this.databaseHealth();
    const pending = await this.pendingMigrations(database);
    const ready = database.status === 'ok' && pending?.length === 0;
    return {
      status: ready ? 'ok' : 'error',
      checks: { database, migrations: { pending: pending ?? [] }, pool: this.database.pool() },
    };
  }

  private pendingMigrations(database: DatabaseHealth): Promise<string[] | undefined> {
    if (database.status === 'error') return Promise.resolve(undefined);
    return this.ask(() => this.database.run((manager) => this.repository.pendingMigrations(manager)));
  }

  /** That the database is away is what is asked for here, so it is an answer and no error. */
  private async ask<T>(question: () => Promise<T>): Promise<T | undefined> {
    try {
      return await question();
    } catch (error) {
      if (error instanceof DatabaseUnavailableError) return undefined;
      throw error;
    }
  }
}
