import { Logger } from '@nestjs/common';
import { RateLimiterRes, type RateLimiterStoreAbstract } from 'rate-limiter-flexible';
import type { RateLimitPolicy } from '../../common/client.js';
import { ExhaustedKeys } from './exhausted-keys.js';
import { MemoryCounter, type Count } from './memory-counter.js';

/** The time between two queries of an unavailable store. */
const RETRY_INTERVAL_MS = 1_000;
/**
 * The timeout of the store is measured in steps. A process that is too busy to read a result is also late for its steps,
 * so it does not mistake its own load for a silent store.
 */
const TIMEOUT_STEPS = 10;

/** The store that all instances share: PostgreSQL or Redis. */
export interface SharedStore {
  /** Creates the library's limiter for a policy. */
  createLimiter(policy: RateLimitPolicy): RateLimiterStoreAbstract;
  /** Connects the store, if it has a connection of its own. */
  connect?(): Promise<void>;
}

/** A point to take from the limit of one client, account or device. */
export interface PointRequest {
  readonly policy: RateLimitPolicy;
  /** Identifies the subject. */
  readonly key: string;
}

/** A point that was taken. */
export interface Point extends PointRequest, Count {
  /** Whether the shared store counted it, and not this process. */
  readonly isShared: boolean;
  /** Whether the process knew that the limit is exhausted, so that nothing was counted. */
  readonly isKnown: boolean;
  /** On the clock of `performance.now()`. After that, the window of the point may have ended. */
  readonly refundableUntil: number;
}

/**
 * Counts in the shared store, or in the memory of this process while the store is unavailable. The store is unavailable
 * if a query fails, or if no query gets a result until the timeout. Then one query per second tests it.
 */
export class RateLimitCounter {
  private readonly logger = new Logger(RateLimitCounter.name);
  private readonly memory = new MemoryCounter();
  private readonly exhausted = new ExhaustedKeys();
  private readonly limiters = new Map<string, RateLimiterStoreAbstract>();
  private readonly pending = new Set<(reason: Error) => void>();
  private stepTimer: NodeJS.Timeout | undefined;
  private silentSteps = 0;
  private pausedUntil = 0;
  private isAvailable = true;

  /** @param timeoutMs the store is unavailable if no query gets a result for this long */
  constructor(
    private readonly store: SharedStore,
    private readonly timeoutMs: number,
  ) {}

  get isStoreAvailable(): boolean {
    return this.isAvailable;
  }

  /** Takes points in order. Stops after the first that exceeds its limit, so that later limits are not used up. */
  async take(requests: readonly PointRequest[]): Promise<Point[]> {
    const points: Point[] = [];
    for (const request of requests) {
      const point = this.findExhausted(request) ?? (await this.takeOne(request));
      points.push(point);
      if (point.consumed > point.policy.points) break;
    }
    return points;
  }

  /** Returns the state of a limit that this process knows to be exhausted, without a query. */
  findExhausted({ policy, key }: PointRequest): Point | undefined {
    const count = this.exhausted.find(policy, key);
    return count && { policy, key, ...count, isShared: false, isKnown: true, refundableUntil: 0 };
  }

  private async takeOne({ policy, key }: PointRequest): Promise<Point> {
    const shared = await this.queryStore(() => this.limiter(policy).consume(key));
    const count = shared
      ? { consumed: shared.consumedPoints, msLeft: shared.msBeforeNext }
      : this.memory.consume(policy, key);
    if (shared) this.exhausted.add(policy, key, count);
    const refundableUntil = performance.now() + count.msLeft - this.timeoutMs;
    return { policy, key, ...count, isShared: shared !== null, isKnown: false, refundableUntil };
  }

  /** Refunds the points whose windows have not ended. Returns all points with their new counts. */
  async refund(points: readonly Point[]): Promise<Point[]> {
    return Promise.all(
      points.map(async (point) => {
        const { policy, key, isShared, refundableUntil } = point;
        if (performance.now() > refundableUntil) return point;
        if (isShared) await this.queryStore(() => this.limiter(policy).reward(key));
        else this.memory.refund(policy, key);
        this.exhausted.delete(policy, key);
        return { ...point, consumed: point.consumed - 1 };
      }),
    );
  }

  /** Returns the result of a query, or `null` if the store is unavailable. */
  private async queryStore(query: () => Promise<RateLimiterRes>): Promise<RateLimiterRes | null> {
    if (performance.now() < this.pausedUntil) return null;
    try {
      const result = await this.withTimeout(this.connectAndRun(query));
      if (!this.isAvailable) this.logger.log('The rate limit store is available again.');
      this.isAvailable = true;
      return result;
    } catch (error) {
      this.pausedUntil = performance.now() + RETRY_INTERVAL_MS;
      if (this.isAvailable) {
        this.logger.warn(
          `The rate limit store is unavailable, so this process counts by itself: ${(error as Error).message}`,
        );
      }
      this.isAvailable = false;
      return null;
    }
  }

  private limiter(policy: RateLimitPolicy): RateLimiterStoreAbstract {
    const limiter = this.limiters.get(policy.name) ?? this.store.createLimiter(policy);
    this.limiters.set(policy.name, limiter);
    return limiter;
  }

  private async connectAndRun(query: () => Promise<RateLimiterRes>): Promise<RateLimiterRes> {
    try {
      await this.store.connect?.();
      return await query();
    } catch (error) {
      // The library throws its result if the limit is exhausted.
      if (error instanceof RateLimiterRes) return error;
      throw error;
    }
  }

  /** Rejects if no query gets a result for `timeoutMs`. */
  private async withTimeout<T>(response: Promise<T>): Promise<T> {
    let reject: (reason: Error) => void = () => undefined;
    const timeout = new Promise<never>((_, fail) => (reject = fail));
    if (this.pending.size === 0) this.silentSteps = 0;
    this.pending.add(reject);
    this.stepTimer ??= setInterval(() => this.step(), this.timeoutMs / TIMEOUT_STEPS);
    try {
      const result = await Promise.race([response, timeout]);
      this.silentSteps = 0;
      return result;
    } finally {
      this.pending.delete(reject);
      if (this.pending.size === 0) {
        clearInterval(this.stepTimer);
        this.stepTimer = undefined;
      }
    }
  }

  private step(): void {
    this.silentSteps += 1;
    if (this.silentSteps < TIMEOUT_STEPS) return;
    for (const reject of this.pending) reject(new Error('the store does not respond'));
  }
}
