import { Logger } from '@nestjs/common';
import { RateLimiterRes, type RateLimiterStoreAbstract } from 'rate-limiter-flexible';
import type { RateLimitPolicy } from './rate-limit.js';

/** How long, in milliseconds, a request waits for the store at most. */
export const PATIENCE = 1_000;
/** How long, in milliseconds, a store that failed is left alone. */
const PAUSE = 1_000;

/**
 * The store that all instances share, asked with bounded patience. While it is away, one request a second finds out
 * whether it is back, and no other waits for it.
 */
export abstract class RateLimitStore {
  private readonly logger = new Logger(RateLimitStore.name);
  private pausedUntil = 0;
  private isAway = false;

  /** The library's limiter for a policy, over this store. */
  abstract limiter(policy: RateLimitPolicy): RateLimiterStoreAbstract;

  /** Asks the store, or gives null if it is away or too slow. A limit that is used up is an answer. */
  async ask(question: () => Promise<RateLimiterRes>): Promise<RateLimiterRes | null> {
    if (performance.now() < this.pausedUntil) return null;
    try {
      const answer = await withinPatience(this.answer(question));
      if (this.isAway) this.logger.log('The store of the rate limits is back.');
      this.isAway = false;
      return answer;
    } catch (error) {
      this.pausedUntil = performance.now() + PAUSE;
      if (!this.isAway) this.logger.warn(`Rate limits are this process’s own for now: ${(error as Error).message}`);
      this.isAway = true;
      return null;
    }
  }

  protected async answer(question: () => Promise<RateLimiterRes>): Promise<RateLimiterRes> {
    try {
      return await question();
    } catch (error) {
      // The library throws what it found where a limit is used up.
      if (error instanceof RateLimiterRes) return error;
      throw error;
    }
  }
}

async function withinPatience<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('the store is too slow')), PATIENCE);
  });
  try {
    return await Promise.race([answer, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
