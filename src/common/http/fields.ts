import { applyDecorators } from '@nestjs/common';
import { Transform, type TransformFnParams } from 'class-transformer';
import { IsBoolean, IsDate, ValidateIf } from 'class-validator';

/** The field may be left out. Unlike class-validator's `IsOptional`, null is no way of leaving it out. */
export function Optional(): PropertyDecorator {
  return ValidateIf((_, value) => value !== undefined);
}

/** `true` or `false` in a query string, which knows no types. Nothing else is taken for one of them. */
export function QueryBoolean(): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }: TransformFnParams): unknown =>
      value === 'true' ? true : value === 'false' ? false : (value as unknown),
    ),
    Optional(),
    IsBoolean({ message: 'must be true or false' }),
  );
}

const RFC_3339 = /^(\d{4}-\d{2}-\d{2})T([01]\d|2[0-3]):\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:\d{2})$/;

/** A point in time (RFC 3339), which becomes a `Date`. A text that names none stays a text, and is refused. */
export function Timestamp(): PropertyDecorator {
  return applyDecorators(
    Transform(({ value }: TransformFnParams): unknown => (typeof value === 'string' ? parseTimestamp(value) : value)),
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
