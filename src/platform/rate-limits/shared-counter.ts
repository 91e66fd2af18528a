import { Logger } from '@nestjs/common';
import { RateLimiterRes, type RateLimiterStoreAbstract } from 'rate-limiter-flexible';
import type { RateLimitPolicy } from '../../common/client.js';
import type { Count } from './memory-counter.js';

/** After this silence the store counts as unavailable. It is then left alone for as long. */
export const STORE_TIMEOUT_MS = 1_000;
/**
 * The silence is measured in steps. A process that is too busy to read a response is late for its steps too, so it does
 * not mistake its own load for a silent store.
 */
const TIMEOUT_STEPS = 10;

/**
 * The counter that all instances share. It is unavailable if it fails, or answers no request at all for one second.
 * While it is unavailable, one request per second tests it, and all others return `null` immediately.
 */
export abstract class SharedCounter {
  private readonly logger = new Logger(SharedCounter.name);
  private readonly limiters = new Map<string, RateLimiterStoreAbstract>();
  private readonly pending = new Set<(reason: Error) => void>();
  private watch: NodeJS.Timeout | undefined;
  private silentSteps = 0;
  private pausedUntil = 0;
  private isAvailable = true;

  /** Takes a point. Returns `null` while the store is unavailable. */
  async consume(policy: RateLimitPolicy, key: string): Promise<Count | null> {
    const result = await this.run(() => this.limiter(policy).consume(key));
    return result && { consumed: result.consumedPoints, msLeft: result.msBeforeNext };
  }

  /** Returns a point, unless the store is unavailable. */
  async refund(policy: RateLimitPolicy, key: string): Promise<void> {
    await this.run(() => this.limiter(policy).reward(key));
  }

  /** Creates the library's limiter for a policy. */
  protected abstract createLimiter(policy: RateLimitPolicy): RateLimiterStoreAbstract;

  /** Connects the store, if it has a connection of its own. */
  protected connect(): Promise<void> {
    return Promise.resolve();
  }

  private async run(query: () => Promise<RateLimiterRes>): Promise<RateLimiterRes | null> {
    if (performance.now() < this.pausedUntil) return null;
    try {
      const result = await this.unlessSilent(this.connect().then(query).catch(exhausted));
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
    const limiter = this.limiters.get(policy.name) ?? this.createLimiter(policy);
    this.limiters.set(policy.name, limiter);
    return limiter;
  }

  private async unlessSilent<T>(result: Promise<T>): Promise<T> {
    let reject: (reason: Error) => void = () => undefined;
    const timeout = new Promise<never>((_, fail) => (reject = fail));
    if (this.pending.size === 0) this.silentSteps = 0;
    this.pending.add(reject);
    this.watch ??= setInterval(() => this.step(), STORE_TIMEOUT_MS / TIMEOUT_STEPS);
    try {
      const value = await Promise.race([result, timeout]);
      this.silentSteps = 0;
      return value;
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

/** The library throws the result if the limit is exhausted. */
function exhausted(error: unknown): RateLimiterRes {
  if (error instanceof RateLimiterRes) return error;
  throw error;
}
