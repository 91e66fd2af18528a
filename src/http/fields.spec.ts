import { plainToInstance } from 'class-transformer';
import { validateSync } from 'class-validator';
import { CalendarDate, CodePoints, Nullable, WholeNumber } from './fields.js';

class OrderDto {
  @WholeNumber(1, 100)
  amount: unknown = 1;

  @WholeNumber()
  total: unknown = 0;

  @CalendarDate()
  dueOn: unknown = '2026-01-15';

  @Nullable()
  @CodePoints(1, 5)
  note: unknown;
}

const isValid = (fields: object) => validateSync(plainToInstance(OrderDto, fields)).length === 0;

describe('the field', () => {
  it.each<[object]>([
    [{ amount: 1 }],
    [{ amount: 100 }],
    [{ total: -2_147_483_648 }],
    [{ total: 2_147_483_647 }],
    [{ dueOn: '0001-01-01' }],
    [{ dueOn: '2028-02-29' }],
    [{ dueOn: '9999-12-31' }],
    [{ note: undefined }],
    [{ note: null }],
    [{ note: 'tea' }],
  ])('accepts %j', (fields) => {
    expect(isValid(fields)).toBe(true);
  });

  it.each<[object]>([
    [{ amount: 0 }],
    [{ amount: 101 }],
    [{ amount: 1.5 }],
    [{ amount: '1' }],
    [{ amount: true }],
    [{ amount: null }],
    [{ amount: [1] }],
    [{ amount: Number.NaN }],
    [{ total: -2_147_483_649 }],
    [{ total: 2_147_483_648 }],
    [{ dueOn: '2026-02-29' }],
    [{ dueOn: '2026-13-01' }],
    [{ dueOn: '0000-01-01' }],
    [{ dueOn: '2026-1-5' }],
    [{ dueOn: '2026-01-15T09:30:00.000Z' }],
    [{ dueOn: ' 2026-01-15' }],
    [{ dueOn: '+012026-01-15' }],
    [{ dueOn: 20_260_115 }],
    [{ dueOn: ['2026-01-15'] }],
    [{ dueOn: null }],
    [{ note: '' }],
    [{ note: 'coffee' }],
    [{ note: 7 }],
  ])('rejects %j', (fields) => {
    expect(isValid(fields)).toBe(false);
  });
});
