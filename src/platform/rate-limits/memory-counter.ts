import type { RateLimitPolicy } from '../../common/client.js';

/** The state of one key in its current window. */
export interface Count {
  readonly consumed: number;
  /** Milliseconds until the window ends. */
  readonly msLeft: number;
}

interface Window {
  points: number;
  readonly endsAt: number;
}

/**
 * Counts in the memory of this process while the shared counter is unavailable. Evicts the least recently used key
 * when it is full, so that a flood of new keys cannot exhaust the memory.
 */
export class MemoryCounter {
  /** Ordered by last use, oldest first. */
  private readonly windows = new Map<string, Window>();

  constructor(private readonly capacity = 50_000) {}

  get size(): number {
    return this.windows.size;
  }

  /** Takes a point from the key's current window. Starts a new window if the last one has ended. */
  consume({ name, windowSeconds }: RateLimitPolicy, key: string): Count {
    const id = `${name}:${key}`;
    const now = Date.now();
    const current = this.windows.get(id);
    const window = current && current.endsAt > now ? current : { points: 0, endsAt: now + windowSeconds * 1_000 };
    window.points += 1;
    this.windows.delete(id);
    this.windows.set(id, window);
    if (this.windows.size > this.capacity) this.evictOldest();
    return { consumed: window.points, msLeft: window.endsAt - now };
  }

  /** Takes back a point. Does nothing if the key has none. */
  refund({ name }: RateLimitPolicy, key: string): void {
    const window = this.windows.get(`${name}:${key}`);
    if (window && window.points > 0) window.points -= 1;
  }

  private evictOldest(): void {
    for (const id of this.windows.keys()) {
      this.windows.delete(id);
      return;
    }
  }
}
