import { parseWorker, shareOf } from './share.js';

describe('shareOf', () => {
  const shares = (total: number, of: number) =>
    Array.from({ length: of }, (_, index) => shareOf(total, { number: index + 1, of }));

  it('returns the total for a single process', () => {
    expect(shareOf(10, null)).toBe(10);
  });

  it.each([
    [10, 2, [5, 5]],
    [10, 3, [4, 3, 3]],
    [2, 2, [1, 1]],
    [7, 4, [2, 2, 2, 1]],
  ])('divides %i between %i workers: %j', (total, of, expected) => {
    expect(shares(total, of)).toEqual(expected);
  });

  it('returns at least 1', () => {
    expect(shares(2, 3)).toEqual([1, 1, 1]);
  });
});

describe('parseWorker', () => {
  it('returns the number of the worker and of all workers', () => {
    expect(parseWorker('2/4')).toEqual({ number: 2, of: 4 });
  });

  it.each([undefined, '', '2', '0/4', '2/', '2/4/6', 'x/y'])('returns null for %j', (text) => {
    expect(parseWorker(text)).toBeNull();
  });
});
