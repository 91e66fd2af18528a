import type { Quota } from './rate-limit.js';

/** How much of a key's window is used. */
export interface Count {
  readonly consumed: number;
  /** Milliseconds until the window ends. */
  readonly msLeft: number;
}

interface Window {
  points: number;
  readonly end: number;
}

/**
 * Counts in the memory of this process, for the time that the shared store is away. Of any number of keys it
 * remembers those that were used last: a flood of new keys pushes out old ones, and never grows the process.
 */
export class BoundedLimiter {
  /** In the order of their last use. */
  private readonly windows = new Map<string, Window>();

  constructor(private readonly capacity = 50_000) {}

  get size(): number {
    return this.windows.size;
  }

  /** Takes a point, in the key's present window or in a new one. */
  take(key: string, quota: Quota): Count {
    const now = Date.now();
    const present = this.windows.get(key);
    const window = present && present.end > now ? present : { points: 0, end: now + quota.window * 1_000 };
    window.points += 1;
    this.windows.delete(key);
    this.windows.set(key, window);
    if (this.windows.size > this.capacity) this.forgetOldest();
    return { consumed: window.points, msLeft: window.end - now };
  }

  /** Gives a point back, if the key still has one. */
  giveBack(key: string): void {
    const window = this.windows.get(key);
    if (window && window.points > 0) window.points -= 1;
  }

  private forgetOldest(): void {
    for (const key of this.windows.keys()) {
      this.windows.delete(key);
      return;
    }
  }
}
