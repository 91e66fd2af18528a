import type { Type } from '@nestjs/common';
import { DomainError } from '../../common/domain.error.js';

/** An attempt that was counted before it started. A success is refunded, because only failures are limited. */
export class RateLimitAttempt {
  private isRefunded = false;

  constructor(private readonly refundPoints: () => Promise<void>) {}

  /**
   * Returns the result of the attempt, and refunds the attempt if it succeeded. Also refunds it if the server was
   * unavailable, because the client is not responsible for that.
   *
   * @param refunded further errors that do not count
   */
  async settle<T>(result: Promise<T>, refunded: readonly Type<DomainError>[] = []): Promise<T> {
    try {
      const value = await result;
      await this.refund();
      return value;
    } catch (error) {
      const isUnavailable = error instanceof DomainError && error.kind === 'unavailable';
      if (isUnavailable || refunded.some((type) => error instanceof type)) await this.refund();
      throw error;
    }
  }

  /** Refunds the attempt, once. */
  async refund(): Promise<void> {
    if (this.isRefunded) return;
    this.isRefunded = true;
    await this.refundPoints();
  }
}
