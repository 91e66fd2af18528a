import { applyDecorators } from '@nestjs/common';
import { Transform, type TransformFnParams } from 'class-transformer';
import { IsBoolean, IsDate, IsIn, ValidateBy, ValidateIf } from 'class-validator';
import { isId } from '../common/id.js';

/** Allows the field to be missing. Unlike class-validator's `IsOptional`, does not allow null. */
export function Optional(): PropertyDecorator {
  return ValidateIf((_, value) => value !== undefined);
}

/** Allows the field to be missing or null. */
export function Nullable(): PropertyDecorator {
  return ValidateIf((_, value) => value !== undefined && value !== null);
}

/** Longer texts are invalid anyway, and Unicode normalization of 100 kB can take seconds. */
const MAX_MAPPED_CHARACTERS = 2_048;

/** Normalizes a string before it is validated. Leaves other types and very long strings to the validation. */
export function MapText(map: (text: string) => unknown): PropertyDecorator {
  return Transform(({ value }: TransformFnParams): unknown =>
    typeof value === 'string' && value.length <= MAX_MAPPED_CHARACTERS ? map(value) : value,
  );
}

/** Requires a string of `min` to `max` code points after `normalize`. An emoji counts as one. */
export function CodePoints(min: number, max: number, normalize = (text: string) => text): PropertyDecorator {
  const validate = (value: unknown) => {
    // A normalized code point comes from at most four code units. This avoids counting very long strings.
    if (typeof value !== 'string' || value.length > max * 4) return false;
    const { length } = [...normalize(value)];
    return length >= min && length <= max;
  };
  return ValidateBy(
    { name: 'codePoints', constraints: [min, max], validator: { validate } },
    { message: `must be a string of ${min} to ${max} characters` },
  );
}

/** Requires a whole number from `min` to `max`. By default, requires one that fits an `integer` column. */
export function WholeNumber(min = -2_147_483_648, max = 2_147_483_647): PropertyDecorator {
  const validate = (value: unknown) => Number.isInteger(value) && min <= Number(value) && Number(value) <= max;
  return ValidateBy(
    { name: 'wholeNumber', constraints: [min, max], validator: { validate } },
    { message: `must be a whole number from ${min} to ${max}` },
  );
}

/** Requires a UUID, in upper or lower case (RFC 9562 §4). */
export function IdField(): PropertyDecorator {
  return applyDecorators(
    MapText((text) => text.toLowerCase()),
    ValidateBy({ name: 'id', validator: { validate: isId } }, { message: 'must be a UUID' }),
  );
}

/** Requires one of these words. */
export function OneOf(words: readonly string[]): PropertyDecorator {
  // The message is a function, because the list can grow while files are imported.
  return IsIn(words, { message: () => `must be one of ${words.join(', ')}` });
}

/** Requires `true` or `false` in a query string, and converts it to a boolean. */
export function QueryBoolean(): PropertyDecorator {
  return applyDecorators(
    MapText((text) => (text === 'true' ? true : text === 'false' ? false : text)),
    Optional(),
    IsBoolean({ message: 'must be true or false' }),
  );
}

/** Requires a calendar date (RFC 3339 full-date). Keeps it as text, because it has no time zone. */
export function CalendarDate(): PropertyDecorator {
  const validate = (value: unknown) =>
    // PostgreSQL has no year 0.
    typeof value === 'string' && /^(?!0000)\d{4}-\d{2}-\d{2}$/.test(value) && isoOf(new Date(value)).startsWith(value);
  return ValidateBy(
    { name: 'calendarDate', validator: { validate } },
    { message: 'must be a date, such as 2026-01-15' },
  );
}

/** An example that the served document replaces with a time in the near future. Exported documents keep it. */
export const FUTURE_EXAMPLE = '2030-01-01T00:00:00.000Z';

const RFC_3339 = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** Requires an RFC 3339 time, and converts it to a `Date`. */
export function Timestamp(): PropertyDecorator {
  return applyDecorators(
    MapText(parseTimestamp),
    IsDate({ message: 'must be an RFC 3339 time, such as 2026-01-15T09:30:00.000Z' }),
  );
}

/** Returns the text if it is not a valid time. */
function parseTimestamp(text: string): Date | string {
  const day = RFC_3339.exec(text)?.[1];
  const date = new Date(text);
  return day !== undefined && isoOf(new Date(day)).startsWith(day) && isoOf(date).length === ISO_LENGTH ? date : text;
}

/** An offset can move the time into a year with five digits, which is longer. */
const ISO_LENGTH = '2026-01-15T09:30:00.000Z'.length;

/** Returns an empty string for an invalid date. `Date` reads 30 February as 2 March, so the day may differ. */
function isoOf(date: Date): string {
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}
