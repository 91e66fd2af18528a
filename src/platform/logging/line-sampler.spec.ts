import { LineSampler } from './line-sampler.js';

describe('LineSampler', () => {
  beforeEach(() => jest.useFakeTimers());
  afterEach(() => jest.useRealTimers());

  const countAdmitted = (sampler: LineSampler, key: string, lines: number) =>
    Array.from({ length: lines }, () => sampler.admits(key)).filter(Boolean).length;

  it('admits 20 lines per second and key, and reports how many it suppressed', () => {
    const reports: unknown[] = [];
    const sampler = new LineSampler((...report) => reports.push(report));
    expect(countAdmitted(sampler, 'token_missing', 50)).toBe(20);
    expect(countAdmitted(sampler, 'not_found', 20)).toBe(20);
    expect(reports).toEqual([]);
    jest.advanceTimersByTime(1_000);
    expect(reports).toEqual([['token_missing', 30]]);
    expect(countAdmitted(sampler, 'token_missing', 1)).toBe(1);
    jest.advanceTimersByTime(1_000);
    expect(reports).toHaveLength(1);
  });
});
