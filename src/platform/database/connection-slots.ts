import { OverloadedError } from '../../common/domain.error.js';

/** How many session lookups run in parallel while the database responds quickly. */
const RESERVED = 2;
/** How many callers may wait before unauthenticated requests are rejected: about 0.1 s of statements. */
const MAX_WAITING_STRANGERS = 128;
/** How many callers may wait before every caller is rejected. */
const MAX_WAITING = 4_096;

interface Waiter {
  readonly resolve: () => void;
  readonly timeout: NodeJS.Timeout;
}

/**
 * Limits how many connections of the pool are used by work other than session lookups. The other connections are
 * reserved, so that a flood of sign-ins cannot delay the requests of signed-in users. With one connection, a lookup
 * waits for at most one other caller.
 */
export class ConnectionSlots {
  private readonly waiters = new Set<Waiter>();
  private free: number;

  /** @param timeoutMs how long a caller may wait */
  constructor(
    poolSize: number,
    private readonly timeoutMs: number,
  ) {
    this.free = poolSize - Math.min(RESERVED, Math.floor(poolSize / 2));
  }

  get waiting(): number {
    return this.waiters.size;
  }

  /**
   * Takes a slot. Returns a promise if the caller must wait.
   *
   * @throws OverloadedError if too many callers wait; Error if the wait times out
   */
  acquire(): Promise<void> | undefined {
    if (this.free > 0) {
      this.free -= 1;
      return undefined;
    }
    if (this.waiters.size >= MAX_WAITING) throw new OverloadedError();
    return new Promise((resolve, reject) => {
      const timeout = setTimeout(() => {
        this.waiters.delete(waiter);
        reject(new Error('timeout exceeded when trying to connect'));
      }, this.timeoutMs).unref();
      const waiter = { resolve, timeout };
      this.waiters.add(waiter);
    });
  }

  /** Passes a slot on to the caller that has waited longest. */
  release(): void {
    const [next] = this.waiters;
    if (!next) return void (this.free += 1);
    this.waiters.delete(next);
    clearTimeout(next.timeout);
    next.resolve();
  }

  /** Whether so many callers wait that unauthenticated requests are rejected. */
  get isBusy(): boolean {
    return this.waiters.size >= MAX_WAITING_STRANGERS;
  }
}
