import { createHash } from 'node:crypto';
import type { RateLimiterRes, RateLimiterStoreAbstract } from 'rate-limiter-flexible';
import type { BoundedLimiter, Count } from './bounded-limiter.js';
import type { RateLimitPolicy, RateLimitState } from './rate-limit.js';
import { PATIENCE, type RateLimitStore } from './rate-limit.store.js';

/** A point that was taken, or refused. */
export interface Taken {
  readonly isWithin: boolean;
  readonly state: RateLimitState;
  /** Gives it back to where it was taken from. */
  giveBack(): Promise<RateLimitState>;
}

/** One limit: counted in the shared store, and in this process while the store is away. */
export class RateLimiter {
  private readonly shared: RateLimiterStoreAbstract;

  constructor(
    readonly policy: RateLimitPolicy,
    private readonly store: RateLimitStore,
    private readonly standIn: BoundedLimiter,
  ) {
    this.shared = store.limiter(policy);
  }

  /**
   * Takes a point. Any number of calls at once, on all instances, get no more than there are; one that is refused
   * does not move the window.
   *
   * @param who only its hash is kept
   */
  async take(who: string): Promise<Taken> {
    const key = createHash('sha256').update(who).digest('base64url');
    const counted = await this.store.ask(() => this.shared.consume(key));
    const count = counted ? toCount(counted) : this.standIn.take(`${this.policy.name}:${key}`, this.policy);
    const takenAt = performance.now();
    const state = this.toState(count);
    return {
      isWithin: count.consumed <= this.policy.points,
      state,
      giveBack: async () => {
        // The next window is not owed a point that was taken in this one.
        if (performance.now() - takenAt > count.msLeft - PATIENCE) return state;
        if (counted) await this.store.ask(() => this.shared.reward(key));
        else this.standIn.giveBack(`${this.policy.name}:${key}`);
        return { ...state, remaining: state.remaining + 1 };
      },
    };
  }

  private toState({ consumed, msLeft }: Count): RateLimitState {
    const { policy } = this;
    return { policy, remaining: Math.max(policy.points - consumed, 0), reset: Math.max(Math.ceil(msLeft / 1_000), 1) };
  }
}

function toCount({ consumedPoints: consumed, msBeforeNext: msLeft }: RateLimiterRes): Count {
  return { consumed, msLeft };
}
