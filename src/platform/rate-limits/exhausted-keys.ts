import type { RateLimitPolicy } from '../../common/client.js';
import type { Count } from './memory-counter.js';

/** Another process can refund a point, and an operator can empty the table. Both take effect after this time. */
const MAX_AGE_MS = 5_000;

interface Exhausted {
  readonly consumed: number;
  /** On the clock of `performance.now()`, like `staleAt`. */
  readonly endsAt: number;
  readonly staleAt: number;
}

/** Remembers for a few seconds which keys the shared store has reported as exhausted, so that a flood does not query it. */
export class ExhaustedKeys {
  /** Ordered by age, oldest first. */
  private readonly keys = new Map<string, Exhausted>();

  constructor(private readonly capacity = 50_000) {}

  find(policy: RateLimitPolicy, key: string): Count | undefined {
    const id = idOf(policy, key);
    const known = this.keys.get(id);
    if (!known) return undefined;
    const now = performance.now();
    if (now < known.staleAt && now < known.endsAt) return { consumed: known.consumed, msLeft: known.endsAt - now };
    this.keys.delete(id);
    return undefined;
  }

  /** Adds a key if its count exceeds the limit. */
  add(policy: RateLimitPolicy, key: string, { consumed, msLeft }: Count): void {
    if (consumed <= policy.points) return;
    const id = idOf(policy, key);
    const now = performance.now();
    this.keys.delete(id);
    this.keys.set(id, { consumed, endsAt: now + msLeft, staleAt: now + MAX_AGE_MS });
    const [oldest] = this.keys.size > this.capacity ? this.keys.keys() : [];
    if (oldest !== undefined) this.keys.delete(oldest);
  }

  delete(policy: RateLimitPolicy, key: string): void {
    this.keys.delete(idOf(policy, key));
  }
}

function idOf({ name }: RateLimitPolicy, key: string): string {
  return `${name}:${key}`;
}
