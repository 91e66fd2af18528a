import { parseWorker, shareOf } from './share.js';

describe('the share of a worker', () => {
  const shares = (total: number, of: number) =>
    Array.from({ length: of }, (_, index) => shareOf(total, { number: index + 1, of }));

  it('is everything for a process that is not one of several', () => {
    expect(shareOf(10, null)).toBe(10);
  });

  it.each([
    [10, 2, [5, 5]],
    [10, 3, [4, 3, 3]],
    [2, 2, [1, 1]],
    [7, 4, [2, 2, 2, 1]],
  ])('of %i for %i workers adds up: %j', (total, of, expected) => {
    expect(shares(total, of)).toEqual(expected);
  });

  it('is never less than one', () => {
    expect(shares(2, 3)).toEqual([1, 1, 1]);
  });

  it('is read from the number of the worker and that of all', () => {
    expect(parseWorker('2/4')).toEqual({ number: 2, of: 4 });
  });

  it.each([undefined, '', '2', '0/4', '2/', '2/4/6', 'x/y'])('is everything where %j says otherwise', (text) => {
    expect(parseWorker(text)).toBeNull();
  });
});
