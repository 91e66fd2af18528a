import pg from 'pg';
import { toDate } from './row-types.js';

const parseWithPg = pg.types.getTypeParser(pg.types.builtins.TIMESTAMPTZ, 'text') as (text: string) => Date | number;

describe('toDate', () => {
  it.each([
    '2026-01-16 09:30:00+00',
    '2026-01-16 09:30:00.5+00',
    '2026-01-16 09:30:00.01+00',
    '2026-01-16 09:30:00.123+00',
    '2026-01-16 09:30:00.0009+00',
    '2026-12-31 23:59:59.999999+00',
    '2000-02-29 00:00:00+00',
    '2099-12-31 24:00:00+00',
    '2026-01-16 09:30:00.123-05',
    '2026-01-16 09:30:00+05:30',
    '1890-01-01 00:00:00+00:53:28',
    '0044-03-15 00:00:00+00 BC',
    '2044-03-15 00:00:00+00 BC',
    '0001-01-01 00:00:00+00',
    '20026-01-16 09:30:00+00',
    'infinity',
    '-infinity',
  ])('returns the same as pg for %s', (text) => {
    expect(toDate(text)).toEqual(parseWithPg(text));
  });
});
