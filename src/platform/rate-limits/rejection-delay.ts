import { Injectable, type BeforeApplicationShutdown } from '@nestjs/common';
import type { Client } from '../../common/client.js';

const DELAY_MS = 500;
/** Each waiting rejection takes about 10 kB of memory. */
const MAX_WAITING = 2_048;

/**
 * Delays rejections that cost no work, so that a client that repeats its requests immediately cannot occupy the process.
 * Beyond a number of waiting rejections, further ones are immediate.
 */
@Injectable()
export class RejectionDelay implements BeforeApplicationShutdown {
  private readonly waiting = new Set<() => void>();
  private isStopping = false;

  /** Resolves after the delay, or when the client disconnects. */
  wait({ response }: Client): Promise<void> {
    if (this.isStopping || this.waiting.size >= MAX_WAITING) return Promise.resolve();
    return new Promise((resolve) => {
      const end = () => {
        clearTimeout(timer);
        this.waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, DELAY_MS);
      this.waiting.add(end);
      response?.onClose(end);
    });
  }

  /** Sends the waiting rejections immediately. */
  beforeApplicationShutdown(): void {
    this.isStopping = true;
    for (const end of this.waiting) end();
  }
}
