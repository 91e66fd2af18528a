import type { PendingResponse } from './client.js';
import { OverloadedError, RequestTimeoutError } from './domain.error.js';

export interface SlotLimits {
  /** How many callers may hold a slot at a time. */
  readonly slots: number;
  /** How many callers may wait for one. */
  readonly maxWaiting: number;
  /** How long a caller may wait. Without it, callers wait until they get a slot. */
  readonly timeoutMs?: number;
}

interface Waiter {
  readonly response: PendingResponse | undefined;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  readonly timer: NodeJS.Timeout | undefined;
}

/** Returns whether the client no longer waits for the response, because it timed out or the client disconnected. */
function isAbandoned(response: PendingResponse | undefined): boolean {
  return response !== undefined && (response.writableEnded || response.destroyed);
}

/** A bounded queue, in order of arrival. Drops callers whose client no longer waits when their turn comes. */
export class Slots {
  private readonly waiters = new Set<Waiter>();
  private free: number;

  constructor(private readonly limits: SlotLimits) {
    this.free = limits.slots;
  }

  get waiting(): number {
    return this.waiters.size;
  }

  /** Returns whether further callers are rejected. */
  isFull(): boolean {
    if (this.free > 0 || this.waiters.size < this.limits.maxWaiting) return false;
    for (const waiter of this.waiters) if (isAbandoned(waiter.response)) this.drop(waiter, new RequestTimeoutError());
    return this.waiters.size >= this.limits.maxWaiting;
  }

  /**
   * Takes a slot. Returns a promise if the caller must wait.
   *
   * @param response of the request that needs the slot, if any
   * @throws OverloadedError if too many callers wait
   * @throws RequestTimeoutError if the client no longer waits
   * @throws SlotTimeoutError if the wait times out
   */
  acquire(response?: PendingResponse): Promise<void> | undefined {
    if (isAbandoned(response)) throw new RequestTimeoutError();
    if (this.free > 0) {
      this.free -= 1;
      return undefined;
    }
    if (this.isFull()) throw new OverloadedError();
    return new Promise((resolve, reject) => {
      const { timeoutMs } = this.limits;
      const expire = () => this.drop(waiter, new SlotTimeoutError());
      const timer = timeoutMs === undefined ? undefined : setTimeout(expire, timeoutMs).unref();
      const waiter = { response, resolve, reject, timer };
      this.waiters.add(waiter);
    });
  }

  /** Passes a slot on to the caller that has waited longest. */
  release(): void {
    for (const waiter of this.waiters) {
      if (isAbandoned(waiter.response)) {
        this.drop(waiter, new RequestTimeoutError());
        continue;
      }
      this.dequeue(waiter);
      waiter.resolve();
      return;
    }
    this.free += 1;
  }

  private drop(waiter: Waiter, reason: Error): void {
    this.dequeue(waiter);
    waiter.reject(reason);
  }

  private dequeue(waiter: Waiter): void {
    clearTimeout(waiter.timer);
    this.waiters.delete(waiter);
  }
}

/** No slot became free in time. */
export class SlotTimeoutError extends Error {
  override readonly name = 'SlotTimeoutError';

  constructor() {
    super('The wait for a slot timed out.');
  }
}
