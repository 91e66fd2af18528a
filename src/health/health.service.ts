import { Injectable } from '@nestjs/common';
import { outageReason, type OutageReason } from '../platform/database/connect-errors.js';
import { Database, type EntityManager, type PoolState } from '../platform/database/database.js';
import { DatabaseUnavailableError, isUndefinedTable } from '../platform/database/pg-errors.js';
import { HealthRepository } from './health.repository.js';

export type Health = 'ok' | 'error';

/** The round trip and the reason are null if they are unknown. */
export interface DatabaseHealth {
  readonly status: Health;
  readonly roundTripMs: number | null;
  readonly reason: OutageReason | null;
}

/** Ready if the database can serve requests and all migrations of this build have run. */
export interface Readiness {
  readonly status: Health;
  readonly checks: {
    readonly database: DatabaseHealth;
    /** Null if they are unknown, because the database is unavailable. */
    readonly migrations: { readonly pending: readonly string[] | null };
    readonly pool: PoolState;
  };
}

type Outcome<T> = { readonly value: T } | { readonly reason: OutageReason };

/** The probe writes to the disk, and anyone may request it. */
const PROBE_INTERVAL_MS = 1_000;

@Injectable()
export class HealthService {
  private pinging: Promise<DatabaseHealth> | undefined;
  private checking: Promise<Readiness> | undefined;
  private probing: Promise<OutageReason | null> | undefined;
  private nextProbeAt = 0;

  constructor(
    private readonly database: Database,
    private readonly repository: HealthRepository,
  ) {}

  /** Measures the round trip of one statement. Concurrent calls share it, because anyone may send many. */
  databaseHealth(): Promise<DatabaseHealth> {
    return (this.pinging ??= this.ping().finally(() => (this.pinging = undefined)));
  }

  /** Checks whether requests would succeed. Concurrent calls share the check. */
  readiness(): Promise<Readiness> {
    return (this.checking ??= this.check().finally(() => (this.checking = undefined)));
  }

  private async ping(): Promise<DatabaseHealth> {
    const ping = await this.tryQuery(async (manager) => {
      const start = performance.now();
      await this.repository.ping(manager);
      return performance.now() - start;
    });
    if ('reason' in ping) return { status: 'error', roundTripMs: null, reason: ping.reason };
    return { status: 'ok', roundTripMs: Math.round(ping.value * 100) / 100, reason: null };
  }

  private async check(): Promise<Readiness> {
    let database = await this.databaseHealth();
    let pending: readonly string[] | null = null;
    if (database.status === 'ok') {
      const reason = await this.probe();
      const migrations = await this.tryQuery((manager) => this.repository.pendingMigrations(manager));
      if (reason) database = { ...database, status: 'error', reason };
      if ('value' in migrations) pending = migrations.value;
    }
    return {
      status: database.status === 'ok' && pending?.length === 0 ? 'ok' : 'error',
      checks: { database, migrations: { pending }, pool: this.database.pool() },
    };
  }

  /** Returns why requests would fail, or null. Probes once for all concurrent callers, and at most once a second. */
  private probe(): Promise<OutageReason | null> {
    if (this.probing && performance.now() < this.nextProbeAt) return this.probing;
    this.nextProbeAt = Infinity;
    this.probing = this.tryToServe().finally(() => (this.nextProbeAt = performance.now() + PROBE_INTERVAL_MS));
    return this.probing;
  }

  private async tryToServe(): Promise<OutageReason | null> {
    try {
      const outcome = await this.tryQuery((manager) => this.repository.tryToServe(manager));
      return 'reason' in outcome ? outcome.reason : null;
    } catch (error) {
      // No migration has run, which the other check reports.
      if (isUndefinedTable(error)) return null;
      throw error;
    }
  }

  private async tryQuery<T>(query: (manager: EntityManager) => Promise<T>): Promise<Outcome<T>> {
    try {
      return { value: await this.database.run(query) };
    } catch (error) {
      if (error instanceof DatabaseUnavailableError) return { reason: outageReason(error.cause) };
      throw error;
    }
  }
}
