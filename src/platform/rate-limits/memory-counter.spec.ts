import { MemoryCounter } from './memory-counter.js';

const POLICY = { name: 'login-account', points: 3, windowSeconds: 60 };

describe('MemoryCounter', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  it('counts each key separately, in a window that later attempts do not extend', () => {
    const counter = new MemoryCounter();
    const counts = [1, 2, 3, 4].map(() => {
      const count = counter.consume(POLICY, 'ada');
      jest.advanceTimersByTime(10_000);
      return count;
    });
    expect(counts.map(({ consumed }) => consumed)).toEqual([1, 2, 3, 4]);
    expect(counts.map(({ msLeft }) => msLeft)).toEqual([60_000, 50_000, 40_000, 30_000]);
    expect(counter.consume(POLICY, 'grace').consumed).toBe(1);
  });

  it('starts a new window when the last one has ended', () => {
    const counter = new MemoryCounter();
    counter.consume(POLICY, 'ada');
    jest.advanceTimersByTime(59_999);
    expect(counter.consume(POLICY, 'ada').consumed).toBe(2);
    jest.advanceTimersByTime(1);
    expect(counter.consume(POLICY, 'ada').consumed).toBe(1);
  });

  it('never refunds more points than were taken', () => {
    const counter = new MemoryCounter();
    counter.consume(POLICY, 'ada');
    for (let i = 0; i < 3; i += 1) counter.refund(POLICY, 'ada');
    counter.refund(POLICY, 'grace');
    expect([counter.consume(POLICY, 'ada').consumed, counter.consume(POLICY, 'grace').consumed]).toEqual([1, 1]);
  });

  it('stays bounded with a million distinct keys and keeps a key in use', () => {
    const counter = new MemoryCounter(1_000);
    for (let i = 0; i < 1_000_000; i += 1) {
      counter.consume(POLICY, `key ${i}`);
      if (i % 500 === 0) counter.consume(POLICY, 'ada');
    }
    expect(counter.size).toBe(1_000);
    expect(counter.consume(POLICY, 'ada').consumed).toBe(2_001);
  });
});
