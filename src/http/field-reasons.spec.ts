import * as library from 'class-validator';
import { IsArray, IsEmail, Validate, ValidateBy, ValidatorConstraint } from 'class-validator';
import { FIELD_CODES } from '../common/field-error.js';
import type { ValidationFailedError } from '../common/domain.error.js';
import { reasonOf } from './field-reasons.js';
import { CalendarDate, CodePoints, IdField, OneOf, QueryBoolean, Timestamp, WholeNumber } from './fields.js';
import { StrictValidationPipe } from './strict-validation.pipe.js';

const pipe = new StrictValidationPipe();

/** Returns the code and the parameters of the only error of a field with these decorators. */
async function reasonFor(value: unknown, ...rules: PropertyDecorator[]): Promise<unknown[]> {
  class Body {}
  for (const rule of rules) rule(Body.prototype, 'field');
  const input = value === undefined ? {} : { field: value };
  const error = (await pipe
    .transform(input, { type: 'body', metatype: Body })
    .catch((e: unknown) => e)) as ValidationFailedError;
  const [first] = error.extensions.errors;
  expect([error.extensions.errors.length, first?.pointer]).toEqual([1, '/field']);
  expect(first?.message).not.toBe('');
  return [first?.code, first?.params];
}

@ValidatorConstraint({ name: 'isFair' })
class Fair {
  validate = () => false;
}

describe('the reason of an invalid field', () => {
  it.each<[string, PropertyDecorator, unknown, string, object]>([
    ['IsDefined', library.IsDefined(), null, 'required', {}],
    ['IsNotEmpty', library.IsNotEmpty(), '', 'too_short', { min: 1 }],
    ['IsString', library.IsString(), 7, 'invalid_type', { type: 'string' }],
    ['IsString of null', library.IsString(), null, 'invalid_type', { type: 'string' }],
    ['IsInt', library.IsInt(), 1.5, 'invalid_type', { type: 'integer' }],
    ['IsNumber', library.IsNumber(), '7', 'invalid_type', { type: 'number' }],
    ['IsBoolean', library.IsBoolean(), 'true', 'invalid_type', { type: 'boolean' }],
    ['IsArray', library.IsArray(), {}, 'invalid_type', { type: 'array' }],
    ['IsObject', library.IsObject(), [], 'invalid_type', { type: 'object' }],
    ['MinLength', library.MinLength(8), 'short', 'too_short', { min: 8 }],
    ['MinLength of a number', library.MinLength(8), 7, 'invalid_type', { type: 'string' }],
    ['MaxLength', library.MaxLength(3), 'long', 'too_long', { max: 3 }],
    ['Length', library.Length(2, 3), 'long', 'too_long', { max: 3 }],
    ['Length below', library.Length(2, 3), 'x', 'too_short', { min: 2 }],
    ['IsByteLength', library.IsByteLength(0, 3), 'éé', 'too_long', { max: 3 }],
    ['Min', library.Min(1), 0, 'too_small', { min: 1 }],
    ['Max', library.Max(1), 2, 'too_large', { max: 1 }],
    ['Max of text', library.Max(1), '2', 'invalid_type', { type: 'number' }],
    ['IsPositive', library.IsPositive(), 0, 'too_small', { moreThan: 0 }],
    ['IsNegative', library.IsNegative(), 0, 'too_large', { lessThan: 0 }],
    ['IsDivisibleBy', library.IsDivisibleBy(5), 7, 'not_a_multiple', { of: 5 }],
    ['ArrayMinSize', library.ArrayMinSize(1), [], 'too_few_items', { min: 1 }],
    ['ArrayMaxSize', library.ArrayMaxSize(1), [1, 2], 'too_many_items', { max: 1 }],
    ['ArrayNotEmpty', library.ArrayNotEmpty(), [], 'too_few_items', { min: 1 }],
    ['ArrayUnique', library.ArrayUnique(), [1, 1], 'duplicate_items', {}],
    ['IsIn', library.IsIn(['a', 'b']), 'c', 'not_one_of', { values: ['a', 'b'] }],
    ['IsEnum', library.IsEnum({ A: 'a', B: 'b' }), 'c', 'not_one_of', { values: ['a', 'b'] }],
    ['Equals', library.Equals('a'), 'b', 'not_one_of', { values: ['a'] }],
    ['IsNotIn', library.IsNotIn(['a']), 'a', 'forbidden_value', { values: ['a'] }],
    ['NotEquals', library.NotEquals('a'), 'a', 'forbidden_value', { values: ['a'] }],
    ['IsEmail', library.IsEmail(), 'x', 'invalid_format', { format: 'email' }],
    ['IsEmail of a number', library.IsEmail(), 7, 'invalid_type', { type: 'string' }],
    ['IsUUID', library.IsUUID(), 'x', 'invalid_format', { format: 'uuid' }],
    ['IsHexColor', library.IsHexColor(), 'x', 'invalid_format', { format: 'hex_color' }],
    ['IsLatitude', library.IsLatitude(), 91, 'invalid_format', { format: 'latitude' }],
    ['Matches', library.Matches(/^a+$/), 'b', 'invalid_format', { format: 'pattern', pattern: '^a+$' }],
    ['ValidateNested', library.ValidateNested(), 'b', 'invalid_type', { type: 'object' }],
    ['CodePoints', CodePoints(1, 2), '𝒜𝒜𝒜', 'too_long', { max: 2 }],
    ['CodePoints below', CodePoints(2, 2), '𝒜', 'too_short', { min: 2 }],
    ['WholeNumber', WholeNumber(1, 9), 0, 'too_small', { min: 1 }],
    ['WholeNumber of a fraction', WholeNumber(1, 9), 1.5, 'invalid_type', { type: 'integer' }],
    ['CalendarDate', CalendarDate(), '2026-02-30', 'invalid_format', { format: 'date' }],
    ['Timestamp', Timestamp(), 'today', 'invalid_format', { format: 'date-time' }],
    ['Timestamp of a number', Timestamp(), 1, 'invalid_type', { type: 'string' }],
    ['IdField', IdField(), 'x', 'invalid_format', { format: 'uuid' }],
    ['OneOf', OneOf(['a']), 'b', 'not_one_of', { values: ['a'] }],
    ['QueryBoolean', QueryBoolean(), 'yes', 'invalid_type', { type: 'boolean' }],
    [
      'a rule of a module',
      ValidateBy({ name: 'isEven', validator: { validate: () => false } }),
      1,
      'invalid',
      { rule: 'isEven' },
    ],
    ['a validator class', Validate(Fair), 1, 'invalid', { rule: 'isFair' }],
  ])('of %s has a code and parameters', async (_, rule, value, code, params) => {
    expect(await reasonFor(value, rule)).toEqual([code, params]);
  });

  it('of a missing field is required, whatever the rule', async () => {
    expect(await reasonFor(undefined, IsEmail())).toEqual(['required', {}]);
    expect(await reasonFor(undefined, CodePoints(1, 2))).toEqual(['required', {}]);
  });

  it('of an item has the index', async () => {
    expect(await reasonFor(['a@b.de', 'x'], IsArray(), IsEmail({}, { each: true }))).toEqual([
      'invalid_format',
      { format: 'email', index: 1 },
    ]);
  });

  it('has a code for every rule of class-validator but three', () => {
    const rules = Object.values(library).filter((name) => typeof name === 'string');
    const codes = rules.map(
      (rule) => [rule, reasonOf({ target: {}, property: 'field', value: 'x' }, rule).code] as const,
    );
    expect(codes.length).toBeGreaterThan(90);
    expect(codes.filter(([, code]) => !FIELD_CODES.includes(code))).toEqual([]);
    const fallback = codes.filter(([, code]) => code === 'invalid').map(([rule]) => rule);
    expect(fallback.sort()).toEqual(['arrayContains', 'contains', 'isEmpty']);
  });
});
