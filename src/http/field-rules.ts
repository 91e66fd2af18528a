import type { FieldCode, FieldReason } from '../common/field-error.js';

/** Returns why a rule rejects a value. `limits` are the arguments of the rule. */
export type Explain = (value: unknown, limits: readonly unknown[]) => FieldReason;

const reason = (code: FieldCode, params: FieldReason['params'] = {}): FieldReason => ({ code, params });
const type =
  (name: string): Explain =>
  () =>
    reason('invalid_type', { type: name });
const oneOf = (values: unknown) => reason('not_one_of', { values });
const forbidden: Explain = (_, values) => reason('forbidden_value', { values: values.flat() });
export const format =
  (name: string): Explain =>
  (value) =>
    // A date that could not be parsed is also a `Date`.
    typeof value === 'string' || value instanceof Date
      ? reason('invalid_format', { format: name })
      : reason('invalid_type', { type: 'string' });

/** Explains a rule about the size of values of one type. `sizeOf` returns `undefined` for other types. */
function size(
  typeName: string,
  [low, high]: readonly [FieldCode, FieldCode],
  sizeOf: (value: unknown) => number | undefined,
) {
  return (value: unknown, min: unknown, max: unknown): FieldReason => {
    const actual = sizeOf(value);
    if (actual === undefined) return reason('invalid_type', { type: typeName });
    return typeof max === 'number' && actual > max ? reason(high, { max }) : reason(low, { min });
  };
}

const length = size('string', ['too_short', 'too_long'], (value) =>
  typeof value === 'string' ? [...value].length : undefined,
);
const bytes = size('string', ['too_short', 'too_long'], (value) =>
  typeof value === 'string' ? Buffer.byteLength(value) : undefined,
);
const items = size('array', ['too_few_items', 'too_many_items'], (value) =>
  Array.isArray(value) ? value.length : undefined,
);
const amount = (typeName: string) =>
  size(typeName, ['too_small', 'too_large'], (value) =>
    typeof value === 'number' && !Number.isNaN(value) && (typeName === 'number' || Number.isInteger(value))
      ? value
      : undefined,
  );

/** Converts the limit of a date rule, which may be a function. */
function timeOf(limit: unknown): unknown {
  const date: unknown = typeof limit === 'function' ? (limit as () => unknown)() : limit;
  return date instanceof Date ? date.toISOString() : date;
}

/** The rules of class-validator and of `fields.ts`, by name. All other rules of class-validator check formats. */
export const RULES: Readonly<Record<string, Explain>> = {
  isDefined: () => reason('required'),
  isNotEmpty: (value) => (value === '' ? reason('too_short', { min: 1 }) : reason('required')),
  whitelistValidation: () => reason('unknown_field'),
  isString: type('string'),
  isInt: type('integer'),
  isNumber: type('number'),
  isBoolean: type('boolean'),
  isArray: type('array'),
  isObject: type('object'),
  isInstance: type('object'),
  nestedValidation: type('object'),
  isDate: format('date-time'),
  calendarDate: format('date'),
  id: format('uuid'),
  email: format('email'),
  cursor: format('cursor'),
  matches: (value, [pattern]) =>
    typeof value === 'string'
      ? reason('invalid_format', { format: 'pattern', pattern: pattern instanceof RegExp ? pattern.source : pattern })
      : reason('invalid_type', { type: 'string' }),
  codePoints: (value, [min, max]) => length(value, min, max),
  isLength: (value, [min, max]) => length(value, min, max),
  minLength: (value, [min]) => length(value, min, undefined),
  maxLength: (value, [max]) => length(value, undefined, max),
  isByteLength: (value, [min, max]) => bytes(value, min, max),
  wholeNumber: (value, [min, max]) => amount('integer')(value, min, max),
  min: (value, [min]) => amount('number')(value, min, undefined),
  max: (value, [max]) => amount('number')(value, undefined, max),
  isPositive: () => reason('too_small', { moreThan: 0 }),
  isNegative: () => reason('too_large', { lessThan: 0 }),
  isLatitude: () => reason('invalid_format', { format: 'latitude' }),
  isLongitude: () => reason('invalid_format', { format: 'longitude' }),
  isDivisibleBy: (_, [of]) => reason('not_a_multiple', { of }),
  minDate: (_, [min]) => reason('too_early', { min: timeOf(min) }),
  maxDate: (_, [max]) => reason('too_late', { max: timeOf(max) }),
  arrayNotEmpty: (value) => items(value, 1, undefined),
  isNotEmptyObject: () => reason('too_few_items', { min: 1 }),
  arrayMinSize: (value, [min]) => items(value, min, undefined),
  arrayMaxSize: (value, [max]) => items(value, undefined, max),
  arrayUnique: (value) =>
    Array.isArray(value) ? reason('duplicate_items') : reason('invalid_type', { type: 'array' }),
  isIn: (_, [values]) => oneOf(values),
  isEnum: (_, [, values]) => oneOf(values),
  equals: (_, [value]) => oneOf([value]),
  isNotIn: forbidden,
  notEquals: forbidden,
  notContains: forbidden,
  isStrongPassword: () => reason('easy_to_guess'),
  arrayNotContains: forbidden,
};
