import { Logger } from '@nestjs/common';
import { RateLimiterRes, type RateLimiterStoreAbstract } from 'rate-limiter-flexible';
import type { RateLimitPolicy } from './rate-limit.js';

/** How long, in milliseconds, a store may be silent before it counts as away, and how long it is then left alone. */
export const PATIENCE = 1_000;
/**
 * Silence is counted in steps. A process that is itself too busy to hear an answer is late for a step too, so it
 * does not take its own deafness for the store's silence.
 */
const STEPS = 10;

/**
 * The store that all instances share. It is away when it fails, or answers nobody for a second; one that is slow
 * because a great many ask is not. While it is away, one request a second finds out whether it is back, and no other
 * waits for it.
 */
export abstract class RateLimitStore {
  private readonly logger = new Logger(RateLimitStore.name);
  private readonly giveUp = new Set<(reason: Error) => void>();
  private watch: NodeJS.Timeout | undefined;
  private silentSteps = 0;
  private pausedUntil = 0;
  private isAway = false;

  /** The library's limiter for a policy, over this store. */
  abstract limiter(policy: RateLimitPolicy): RateLimiterStoreAbstract;

  /** Asks the store, or gives null if it is away. A limit that is used up is an answer. */
  async ask(question: () => Promise<RateLimiterRes>): Promise<RateLimiterRes | null> {
    if (performance.now() < this.pausedUntil) return null;
    try {
      const answer = await this.unlessSilent(this.answer(question));
      if (this.isAway) this.logger.log('The store of the rate limits is back.');
      this.isAway = false;
      return answer;
    } catch (error) {
      this.pausedUntil = performance.now() + PATIENCE;
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

  private async unlessSilent<T>(answer: Promise<T>): Promise<T> {
    const { promise: silence, reject } = refusal();
    if (this.giveUp.size === 0) this.silentSteps = 0;
    this.giveUp.add(reject);
    this.watch ??= setInterval(() => this.step(), PATIENCE / STEPS);
    try {
      const answered = await Promise.race([answer, silence]);
      this.silentSteps = 0;
      return answered;
    } finally {
      this.giveUp.delete(reject);
      if (this.giveUp.size === 0) this.stopWatching();
    }
  }

  private step(): void {
    this.silentSteps += 1;
    if (this.silentSteps < STEPS) return;
    for (const reject of this.giveUp) reject(new Error('the store does not answer'));
  }

  private stopWatching(): void {
    clearInterval(this.watch);
    this.watch = undefined;
  }
}

/** A promise that is only ever rejected. */
function refusal(): { promise: Promise<never>; reject: (reason: Error) => void } {
  let reject: (reason: Error) => void = () => undefined;
  const promise = new Promise<never>((_, fail) => (reject = fail));
  return { promise, reject };
}
