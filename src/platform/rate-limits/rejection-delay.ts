import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { PendingResponse } from '../../common/client.js';

const MIN_DELAY_MS = 500;
/** The delay grows with the number of waiting rejections, so that about a thousand are sent per second at most. */
const DELAY_PER_WAITING_MS = 1;
/** Bounds the delay, too. */
const MAX_WAITING = 5_000;

/**
 * Delays rejections that cost no work, so that a client that repeats its requests immediately cannot occupy the process.
 * Beyond a number of waiting rejections, further ones are immediate.
 */
@Injectable()
export class RejectionDelay implements BeforeApplicationShutdown {
  private readonly waiting = new Set<() => void>();
  private isStopping = false;

  /** Resolves after the delay, or when the client disconnects. */
  wait(response?: PendingResponse): Promise<void> {
    if (this.isStopping || this.waiting.size >= MAX_WAITING) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, MIN_DELAY_MS + DELAY_PER_WAITING_MS * this.waiting.size);
      this.waiting.add(end);
      response?.once('close', end);
    });
  }

  /** Sends the waiting rejections immediately. */
  beforeApplicationShutdown(): void {
    this.isStopping = true;
    for (const end of this.waiting) end();
  }
}
