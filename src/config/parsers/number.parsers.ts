import { z } from 'zod';
import { parseDuration } from '../duration.js';

const wholeNumber = (min: number, max: number) => {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message);
};

export const integer = (min: number, max: number, fallback: number) => wholeNumber(min, max).default(fallback);

/** `null` if it is not set. */
export const optionalInteger = (min: number, max: number) => wholeNumber(min, max).nullable().default(null);

/** A duration, converted to milliseconds. With `orZero`, `0s` is valid too. */
export const duration = (min: string, max: string, fallback: string, { orZero = false } = {}) => {
  const [minMs, maxMs] = [milliseconds(min), milliseconds(max)];
  return z
    .string()
    .transform((text, context) => {
      const value = parseDuration(text);
      if (value !== null) return value;
      context.addIssue('must be a duration with a unit, such as 500ms, 10s, 15m, 12h or 30d');
      return z.NEVER;
    })
    .refine(
      (value) => (value >= minMs && value <= maxMs) || (orZero && value === 0),
      `must be ${orZero ? '0s or ' : ''}from ${min} to ${max}`,
    )
    .default(milliseconds(fallback));
};

function milliseconds(text: string): number {
  const value = parseDuration(text);
  if (value === null) throw new Error(`${text} is not a duration.`);
  return value;
}
