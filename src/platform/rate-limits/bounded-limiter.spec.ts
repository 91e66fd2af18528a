import { jest } from '@jest/globals';
import { BoundedLimiter } from './bounded-limiter.js';

const QUOTA = { points: 3, window: 60 };

describe('the limiter that stands in for the store', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('counts each key by itself, in a window that further tries do not move', () => {
    const limiter = new BoundedLimiter();
    const counts = [1, 2, 3, 4].map(() => {
      const count = limiter.take('ada', QUOTA);
      jest.advanceTimersByTime(10_000);
      return count;
    });
    expect(counts.map(({ consumed }) => consumed)).toEqual([1, 2, 3, 4]);
    expect(counts.map(({ msLeft }) => msLeft)).toEqual([60_000, 50_000, 40_000, 30_000]);
    expect(limiter.take('grace', QUOTA).consumed).toBe(1);
  });

  it('begins anew when the window is over', () => {
    const limiter = new BoundedLimiter();
    limiter.take('ada', QUOTA);
    jest.advanceTimersByTime(59_999);
    expect(limiter.take('ada', QUOTA).consumed).toBe(2);
    jest.advanceTimersByTime(1);
    expect(limiter.take('ada', QUOTA).consumed).toBe(1);
  });

  it('gives back what was taken, and never more', () => {
    const limiter = new BoundedLimiter();
    limiter.take('ada', QUOTA);
    for (let i = 0; i < 3; i += 1) limiter.giveBack('ada');
    limiter.giveBack('grace');
    expect([limiter.take('ada', QUOTA).consumed, limiter.take('grace', QUOTA).consumed]).toEqual([1, 1]);
  });

  it('does not grow by a million distinct keys, and still knows one that is in use', () => {
    const limiter = new BoundedLimiter(1_000);
    for (let i = 0; i < 1_000_000; i += 1) {
      limiter.take(`key ${i}`, QUOTA);
      if (i % 500 === 0) limiter.take('ada', QUOTA);
    }
    expect(limiter.size).toBe(1_000);
    expect(limiter.take('ada', QUOTA).consumed).toBe(2_001);
  });
});
