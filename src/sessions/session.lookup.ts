import { Injectable } from '@nestjs/common';
import { OverloadedError } from '../common/domain.error.js';
import { GAUGES, type GaugeValue, type HasGauges } from '../common/gauges.js';
import type { AccessClaims } from '../common/principal.js';
import { InjectConfig } from '../config/config.module.js';
import type { Config } from '../config/env.js';
import { Database } from '../platform/database/database.js';
import { DatabaseUnavailableError } from '../platform/database/pg-errors.js';
import { inLookupSpan, linkToRequest } from '../platform/tracing/database-spans.js';
import { SessionAccessRepository, type GuardedSession } from './session-access.repository.js';
import { usableSession } from './session-state.js';
import { lookupBatchSize } from './sessions.metrics.js';

/** How many lookups run in parallel, not counting slow ones. With two, a request need not wait for a large batch. */
const LANES = 2;
/** A lookup that takes longer is slow. It continues, and another one may start beside it. */
const SLOW_AFTER_MS = 250;
const MAX_BATCH_SIZE = 512;
const MAX_WAITING = 16 * MAX_BATCH_SIZE;

interface Waiter {
  readonly claims: AccessClaims;
  /** When the wait for a lane times out, on the clock of `performance.now()`. */
  readonly deadline: number;
  readonly resolve: (session: GuardedSession | null) => void;
  readonly reject: (error: unknown) => void;
  /** Set while requests are traced. */
  readonly link: ReturnType<typeof linkToRequest>;
}

/**
 * Looks up sessions for `SessionGuard`, in batches. IDs that arrive in the same event-loop turn, or while earlier
 * lookups are running, share one query. Under load this replaces thousands of small queries with a few large ones. An
 * idle server queries immediately.
 *
 * Results are not cached: each comes from a query that started after its request arrived, so a revocation takes effect
 * on the next request.
 */
@Injectable()
export class SessionLookup implements HasGauges {
  private waiting: Waiter[] = [];
  private runningLanes = 0;
  private readonly slowBatches = new Set<readonly Waiter[]>();
  private isScheduled = false;
  private expiry: NodeJS.Timeout | undefined;
  /** Half of the pool, but at least two. The other connections stay free for other work, even if lookups hang. */
  private readonly maxLanes: number;
  private readonly waitTimeoutMs: number;

  constructor(
    @InjectConfig() { database: { poolMax, connectTimeout } }: Config,
    private readonly database: Database,
    private readonly sessions: SessionAccessRepository,
  ) {
    this.maxLanes = Math.max(LANES, Math.floor(poolMax / 2));
    this.waitTimeoutMs = connectTimeout;
  }

  /**
   * Returns the session of these claims and its user, or `null` if the user has no such session.
   *
   * @throws DatabaseUnavailableError, OverloadedError
   */
  find(claims: AccessClaims): Promise<GuardedSession | null> {
    if (this.waiting.length >= MAX_WAITING) return Promise.reject(new OverloadedError());
    return new Promise((resolve, reject) => {
      this.waiting.push({
        claims,
        deadline: performance.now() + this.waitTimeoutMs,
        resolve,
        reject,
        link: linkToRequest(),
      });
      this.schedule();
    });
  }

  /**
   * Returns the session of these claims and its user, if it may be used.
   *
   * @throws DatabaseUnavailableError, OverloadedError, and the errors of `usableSession`
   */
  async check(claims: AccessClaims): Promise<GuardedSession> {
    return usableSession(await this.find(claims), claims);
  }

  [GAUGES](): GaugeValue[] {
    const { waiting, slowBatches } = this;
    return [
      { name: 'gatehouse_session_lookup_waiting', help: 'Requests that wait for a lookup.', value: waiting.length },
      { name: 'gatehouse_session_lookup_slow_lanes', help: 'Lookups that take long.', value: slowBatches.size },
    ];
  }

  /** Starts a lane after the current event-loop turn, so that other IDs of the same turn can join its batch. */
  private schedule(): void {
    if (this.slowBatches.size >= this.maxLanes) return this.scheduleExpiry();
    const fastLanes = this.runningLanes - this.slowBatches.size;
    if (this.isScheduled || fastLanes >= LANES || this.runningLanes >= this.maxLanes) return;
    this.isScheduled = true;
    setImmediate(() => {
      this.isScheduled = false;
      void this.runLane();
    });
  }

  /** Rejects requests whose wait timed out. Needed only while all lanes are slow. */
  private scheduleExpiry(): void {
    const [first] = this.waiting;
    if (!first || this.expiry) return;
    this.expiry = setTimeout(() => {
      this.expiry = undefined;
      const now = performance.now();
      const firstInTime = this.waiting.findIndex(({ deadline }) => deadline > now);
      const expired = this.waiting.splice(0, firstInTime < 0 ? this.waiting.length : firstInTime);
      for (const waiter of expired) waiter.reject(new DatabaseUnavailableError());
      if (this.waiting.length > 0) this.schedule();
    }, first.deadline - performance.now()).unref();
  }

  /** Runs batches until none is waiting or, after a slow batch, enough other lanes are running. */
  private async runLane(): Promise<void> {
    this.runningLanes += 1;
    while (this.waiting.length > 0 && this.runningLanes - this.slowBatches.size <= LANES) {
      const batch = this.waiting.splice(0, MAX_BATCH_SIZE);
      if (this.waiting.length > 0) this.schedule();
      await this.runBatch(batch);
    }
    this.runningLanes -= 1;
  }

  private async runBatch(batch: readonly Waiter[]): Promise<void> {
    lookupBatchSize.observe(batch.length, {});
    const slowTimer = setTimeout(() => {
      this.slowBatches.add(batch);
      if (this.waiting.length > 0) this.schedule();
    }, SLOW_AFTER_MS);
    try {
      // Requests with the same token share their claims.
      const claims = [...new Set(batch.map((waiter) => waiter.claims))];
      const sessions = await inLookupSpan(batch, () =>
        this.database.runReserved((manager) => this.sessions.findForGuard(manager, claims)),
      );
      const byId = new Map(sessions.map((session) => [session.id, session]));
      for (const waiter of batch) waiter.resolve(byId.get(waiter.claims.sessionId) ?? null);
    } catch (error) {
      for (const waiter of batch) waiter.reject(error);
    }
    clearTimeout(slowTimer);
    this.slowBatches.delete(batch);
  }
}
