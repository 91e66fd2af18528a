import { Logger } from '@nestjs/common';
import { RateLimiterRes, type RateLimiterStoreAbstract } from 'rate-limiter-flexible';
import type { RateLimitPolicy } from '../../common/client.js';
import { MemoryCounter, type Count } from './memory-counter.js';

/** After this silence the shared store counts as unavailable. It is then left alone for as long. */
const STORE_TIMEOUT_MS = 1_000;
/**
 * The silence is measured in steps. A process that is too busy to read a response is late for its steps too, so it does
 * not mistake its own load for a silent store.
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
  /** On the clock of `performance.now()`. Later the point belongs to a window that is over. */
  readonly refundableUntil: number;
}

/**
 * Counts in the shared store, or in the memory of this process while the store is unavailable. The store is unavailable
 * if it fails, or answers no request at all for one second. Then one request per second tests it.
 */
export class RateLimitCounter {
  private readonly logger = new Logger(RateLimitCounter.name);
  private readonly memory = new MemoryCounter();
  private readonly limiters = new Map<string, RateLimiterStoreAbstract>();
  private readonly pending = new Set<(reason: Error) => void>();
  private watch: NodeJS.Timeout | undefined;
  private silentSteps = 0;
  private pausedUntil = 0;
  private isAvailable = true;

  constructor(private readonly store: SharedStore) {}

  /** Takes points in order. Stops after the first that exceeds its limit, so that later limits are not used up. */
  async take(requests: readonly PointRequest[]): Promise<Point[]> {
    const points: Point[] = [];
    for (const { policy, key } of requests) {
      const shared = await this.ask(() => this.limiter(policy).consume(key));
      const count = shared
        ? { consumed: shared.consumedPoints, msLeft: shared.msBeforeNext }
        : this.memory.consume(policy, key);
      const refundableUntil = performance.now() + count.msLeft - STORE_TIMEOUT_MS;
      points.push({ policy, key, ...count, isShared: shared !== null, refundableUntil });
      if (count.consumed > policy.points) break;
    }
    return points;
  }

  /** Returns those points whose windows are not over, and the counts without them. */
  async refund(points: readonly Point[]): Promise<Point[]> {
    return Promise.all(
      points.map(async (point) => {
        const { policy, key, isShared, refundableUntil } = point;
        if (performance.now() > refundableUntil) return point;
        if (isShared) await this.ask(() => this.limiter(policy).reward(key));
        else this.memory.refund(policy, key);
        return { ...point, consumed: point.consumed - 1 };
      }),
    );
  }

  private async ask(query: () => Promise<RateLimiterRes>): Promise<RateLimiterRes | null> {
    if (performance.now() < this.pausedUntil) return null;
    try {
      const result = await this.unlessSilent(this.query(query));
      if (!this.isAvailable) this.logger.log('The store of the rate limits is available again.');
      this.isAvailable = true;
      return result;
    } catch (error) {
      this.pausedUntil = performance.now() + STORE_TIMEOUT_MS;
      if (this.isAvailable) this.logger.warn(`Each process counts rate limits by itself: ${(error as Error).message}`);
      this.isAvailable = false;
      return null;
    }
  }

  private limiter(policy: RateLimitPolicy): RateLimiterStoreAbstract {
    const limiter = this.limiters.get(policy.name) ?? this.store.createLimiter(policy);
    this.limiters.set(policy.name, limiter);
    return limiter;
  }

  private async query(query: () => Promise<RateLimiterRes>): Promise<RateLimiterRes> {
    try {
      await this.store.connect?.();
      return await query();
    } catch (error) {
      // The library throws the result if the limit is exhausted.
      if (error instanceof RateLimiterRes) return error;
      throw error;
    }
  }

  private async unlessSilent<T>(response: Promise<T>): Promise<T> {
    let reject: (reason: Error) => void = () => undefined;
    const timeout = new Promise<never>((_, fail) => (reject = fail));
    if (this.pending.size === 0) this.silentSteps = 0;
    this.pending.add(reject);
    this.watch ??= setInterval(() => this.step(), STORE_TIMEOUT_MS / TIMEOUT_STEPS);
    try {
      const result = await Promise.race([response, timeout]);
      this.silentSteps = 0;
      return result;
    } finally {
      this.pending.delete(reject);
      if (this.pending.size === 0) {
        clearInterval(this.watch);
        this.watch = undefined;
      }
    }
  }

  private step(): void {
    this.silentSteps += 1;
    if (this.silentSteps < TIMEOUT_STEPS) return;
    for (const reject of this.pending) reject(new Error('the store does not respond'));
  }
}
