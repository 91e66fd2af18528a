import { backoff } from './retry.js';

describe('backoff', () => {
  it('doubles from five seconds to an hour', () => {
    const waits = Array.from({ length: 12 }, (_, index) => backoff(index + 1, 0.5) / 1_000);
    expect(waits).toEqual([5, 10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600]);
  });

  it('is moved by at most a fifth', () => {
    expect([backoff(1, 0), backoff(1, 1), backoff(60, 0), backoff(60, 1)]).toEqual([
      4_000, 6_000, 2_880_000, 4_320_000,
    ]);
  });
});
