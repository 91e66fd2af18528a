import { applyDecorators } from '@nestjs/common';
import { Transform, type TransformFnParams } from 'class-transformer';
import { IsBoolean, IsDate, IsIn, ValidateBy, ValidateIf } from 'class-validator';
import { isId } from '../common/id.js';

/** The field may be left out. Unlike class-validator's `IsOptional`, null is no way of leaving it out. */
export function Optional(): PropertyDecorator {
  return ValidateIf((_, value) => value !== undefined);
}

/** Longer texts are no field's; composing accents, for one, takes seconds for 100 kB of them. */
const MAX_MAPPED = 2_048;

/**
 * Changes a field that is a text before it is checked: trims it, or brings it into the form in which it is kept.
 * A value of any other type, and a text that is far too long, stay as they came and are refused for what they are.
 */
export function MapText(map: (text: string) => unknown): PropertyDecorator {
  return Transform(({ value }: TransformFnParams): unknown =>
    typeof value === 'string' && value.length <= MAX_MAPPED ? map(value) : value,
  );
}

/** A text of `min` to `max` characters, counted as code points: an emoji is one. */
export function CodePoints(min: number, max: number): PropertyDecorator {
  const validate = (value: unknown) =>
    // Two code units make at most one code point less: what is far too long need not be counted.
    typeof value === 'string' && value.length <= max * 2 && [...value].length >= min && [...value].length <= max;
  return ValidateBy(
    { name: 'codePoints', validator: { validate } },
    { message: `must be a string of ${min} to ${max} characters` },
  );
}

/** The id of something: a UUID, in any case (RFC 9562 §4). */
export function IdField(): PropertyDecorator {
  return applyDecorators(
    MapText((text) => text.toLowerCase()),
    ValidateBy({ name: 'id', validator: { validate: isId } }, { message: 'must be a UUID' }),
  );
}

/** One of a few words. */
export function OneOf(words: readonly string[]): PropertyDecorator {
  return IsIn(words, { message: `must be one of ${words.join(', ')}` });
}

/** `true` or `false` in a query string, which knows no types. Nothing else is taken for one of them. */
export function QueryBoolean(): PropertyDecorator {
  return applyDecorators(
    MapText((text) => (text === 'true' ? true : text === 'false' ? false : text)),
    Optional(),
    IsBoolean({ message: 'must be true or false' }),
  );
}

const RFC_3339 = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** A point in time (RFC 3339), which becomes a `Date`. A text that names none stays a text, and is refused. */
export function Timestamp(): PropertyDecorator {
  return applyDecorators(
    MapText(parseTimestamp),
    IsDate({ message: 'must be an RFC 3339 time, such as 2026-01-15T09:30:00.000Z' }),
  );
}

function parseTimestamp(text: string): Date | string {
  const day = RFC_3339.exec(text)?.[1];
  const date = new Date(text);
  return day !== undefined && isoOf(new Date(day)).startsWith(day) && isoOf(date).length === ISO_LENGTH ? date : text;
}

/** The length of a time in a year of four digits, which an offset can leave. */
const ISO_LENGTH = '2026-01-15T09:30:00.000Z'.length;

/** Empty for no date. `Date` takes 30 February for 2 March, so the text it gives back may be another day. */
function isoOf(date: Date): string {
  return Number.isNaN(date.getTime()) ? '' : date.toISOString();
}
