import { parseDuration } from './duration.js';

describe('parseDuration', () => {
  it.each([
    ['500ms', 500],
    ['0s', 0],
    ['10s', 10_000],
    ['15m', 900_000],
    ['12h', 43_200_000],
    ['30d', 2_592_000_000],
    [' 10s ', 10_000],
    ['999999999d', 999_999_999 * 86_400_000],
  ])('returns %j in milliseconds', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each(['10', '0', '3600000'])('rejects a number without a unit: %j', (text) => {
    expect(parseDuration(text)).toBeNull();
  });

  it.each([
    '',
    ' ',
    's',
    '-1s',
    '+1s',
    '1.5h',
    '1e3s',
    '10S',
    '10 s',
    '1h30m',
    '10sec',
    '1w',
    '1y',
    'Infinity',
    '٣s',
    '1s\n1',
    '9999999999s',
  ])('rejects %j', (text) => {
    expect(parseDuration(text)).toBeNull();
  });
});
