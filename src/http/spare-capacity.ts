import type { EventLoopUtilization } from 'node:perf_hooks';

/** The process is saturated if its event loop is busy for a larger share of the time. */
const MAX_UTILIZATION = 0.9;
const [MIN_PER_SECOND, MAX_PER_SECOND] = [500, 16_000];
const [DECREASE, INCREASE] = [0.5, 1.5];
/** How long the process counts as saturated afterwards. Otherwise a flood would return in every other interval. */
const HOLD_MS = 1_000;

/**
 * Estimates how many requests per second the process can spare. The estimate falls quickly while the process is
 * saturated, and rises again until it is. It never falls below a minimum.
 */
export class SpareCapacity {
  perSecond = MAX_PER_SECOND;
  /** Whether the process is saturated, or was so recently. */
  isSaturated = false;
  private saturatedAt = -Infinity;
  private last: EventLoopUtilization = performance.eventLoopUtilization();

  /**
   * Updates the estimate. Call this at regular intervals.
   *
   * @param isContended whether other requests need the capacity. Otherwise the estimate does not fall
   */
  update(isContended: boolean): void {
    const now = performance.eventLoopUtilization();
    const isBusy = performance.eventLoopUtilization(now, this.last).utilization > MAX_UTILIZATION;
    this.last = now;
    if (isBusy) this.saturatedAt = performance.now();
    this.isSaturated = performance.now() - this.saturatedAt < HOLD_MS;
    const changed = this.perSecond * (isBusy && isContended ? DECREASE : INCREASE);
    this.perSecond = Math.min(Math.max(changed, MIN_PER_SECOND), MAX_PER_SECOND);
  }
}
