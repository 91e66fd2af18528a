import { retryDelay } from './mail-delivery.js';

describe('retryDelay', () => {
  it('doubles from five seconds to an hour', () => {
    const delays = Array.from({ length: 12 }, (_, index) => retryDelay(index + 1, 0.5) / 1_000);
    expect(delays).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600]);
  });

  it('varies by at most a fifth', () => {
    expect([retryDelay(1, 0), retryDelay(1, 1), retryDelay(60, 0), retryDelay(60, 1)]).toEqual([
      4_000, 6_000, 2_880_000, 4_320_000,
    ]);
  });
});
