import { Injectable } from '@nestjs/common';
import { Database, type EntityManager, type PoolState } from '../platform/database/database.js';
import { DatabaseUnavailableError } from '../platform/database/pg-errors.js';
import { HealthRepository } from './health.repository.js';

export type Health = 'ok' | 'error';

/** `roundTripMs` is null if the database is unavailable. */
export interface DatabaseHealth {
  readonly status: Health;
  readonly roundTripMs: number | null;
}

/** Ready if the database responds and all migrations of this build have run. */
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

  /** Measures the round trip of one statement. */
  async databaseHealth(): Promise<DatabaseHealth> {
    const roundTrip = await this.queryIfAvailable(async (manager) => {
      const start = performance.now();
      await this.repository.ping(manager);
      return performance.now() - start;
    });
    if (roundTrip === undefined) return { status: 'error', roundTripMs: null };
    return { status: 'ok', roundTripMs: Math.round(roundTrip * 100) / 100 };
  }

  async readiness(): Promise<Readiness> {
    const database = await this.databaseHealth();
    const pending =
      database.status === 'ok'
        ? await this.queryIfAvailable((manager) => this.repository.pendingMigrations(manager))
        : undefined;
    return {
      status: pending?.length === 0 ? 'ok' : 'error',
      checks: { database, migrations: { pending: pending ?? [] }, pool: this.database.pool() },
    };
  }

  /** Returns undefined if the database is unavailable. */
  private async queryIfAvailable<T>(query: (manager: EntityManager) => Promise<T>): Promise<T | undefined> {
    try {
      return await this.database.run(query);
    } catch (error) {
      if (error instanceof DatabaseUnavailableError) return undefined;
      throw error;
    }
  }
}
