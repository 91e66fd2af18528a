import { RateLimiterMemory, type RateLimiterStoreAbstract } from 'rate-limiter-flexible';
import { RateLimitCounter, type SharedStore } from './rate-limit.counter.js';

const POLICY = { name: 'login-account', points: 2, windowSeconds: 600 };
const ADA = { policy: POLICY, key: 'ada' };

describe('RateLimitCounter', () => {
  let limiter: RateLimiterMemory;
  let consume: jest.SpyInstance;
  let counter: RateLimitCounter;

  beforeEach(() => {
    jest.useFakeTimers({ now: Date.now() });
    limiter = new RateLimiterMemory({ points: POLICY.points, duration: POLICY.windowSeconds });
    consume = jest.spyOn(limiter, 'consume');
    const store: SharedStore = { createLimiter: () => limiter as unknown as RateLimiterStoreAbstract };
    counter = new RateLimitCounter(store, 1_000);
  });
  afterEach(() => jest.useRealTimers());

  /** Takes points until the limit is exceeded. */
  async function exhaust() {
    const points = [];
    for (let i = 0; i <= POLICY.points; i += 1) points.push(...(await counter.take([ADA])));
    consume.mockClear();
    return points;
  }

  it('queries the store for every attempt below the limit', async () => {
    await counter.take([ADA]);
    await counter.take([ADA]);
    expect(consume).toHaveBeenCalledTimes(2);
  });

  it('does not query the store for an exhausted key, and counts down its window', async () => {
    await exhaust();
    jest.advanceTimersByTime(4_000);
    const [point] = await counter.take([ADA]);
    expect(point).toMatchObject({ consumed: 3, msLeft: 596_000, isKnown: true });
    expect(consume).not.toHaveBeenCalled();
  });

  it('queries the store again after five seconds', async () => {
    await exhaust();
    await limiter.delete('ada');
    jest.advanceTimersByTime(5_000);
    expect(await counter.take([ADA])).toMatchObject([{ consumed: 1, isKnown: false }]);
  });

  it('queries the store again after a refund', async () => {
    const points = await exhaust();
    await counter.refund(points.slice(0, 2));
    expect(await counter.take([ADA])).toMatchObject([{ consumed: 2, isKnown: false }]);
  });

  it('queries the store for other keys and limits', async () => {
    await exhaust();
    await counter.take([{ policy: POLICY, key: 'grace' }]);
    await counter.take([{ policy: { ...POLICY, name: 'login-address' }, key: 'ada' }]);
    expect(consume).toHaveBeenCalledTimes(2);
  });
});
