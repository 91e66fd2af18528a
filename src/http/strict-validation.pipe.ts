import { ValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { ValidationFailedError, type FieldError } from '../common/domain.error.js';
import { findUnsafeInput, pointerTo } from './unsafe-input.js';

const DECIMAL = /^-?\d+(\.\d+)?$/;
const BOOLEAN = /^(true|false)$/;
const UNKNOWN_FIELD = 'is not a field of this request';

/**
 * Validates bodies, queries and parameters against their DTOs. Rejects unknown fields and does not convert types.
 *
 * @throws ValidationFailedError with all invalid fields
 */
export class StrictValidationPipe extends ValidationPipe {
  constructor() {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      stopAtFirstError: true,
      exceptionFactory: (errors) => new ValidationFailedError(errors.flatMap((error) => toFieldErrors(error))),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'custom') return value;
    const unsafe = findUnsafeInput(value);
    if (unsafe) throw new ValidationFailedError([unsafe]);
    const expected = expectedBody(value, metadata);
    if (expected !== null) throw new ValidationFailedError([{ pointer: '', message: `must be ${expected}` }]);
    // The library silently drops fields named like a method of the DTO, instead of rejecting them.
    // A text has a key for each character.
    const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
    const hidden = keys.find((key) => key in (metadata.metatype?.prototype ?? {}));
    if (hidden !== undefined) throw new ValidationFailedError([{ pointer: pointerTo(hidden), message: UNKNOWN_FIELD }]);
    return super.transform(value, metadata);
  }

  /**
   * Leaves text that is not a number or a boolean to `ParseIntPipe` and its like. Nest would convert an empty string to 0, and
   * every word but `true` to false.
   */
  protected override transformPrimitive(value: unknown, metadata: ArgumentMetadata): unknown {
    const format = metadata.metatype === Number ? DECIMAL : metadata.metatype === Boolean ? BOOLEAN : null;
    if (format && typeof value === 'string' && !format.test(value)) return value;
    return super.transformPrimitive(value, metadata);
  }
}

/** Returns what a body must be instead of `value`, or null if it has the declared type. */
function expectedBody(value: unknown, { type, data, metatype }: ArgumentMetadata): string | null {
  if (type !== 'body' || data !== undefined || value === undefined) return null;
  if (metatype === String) return typeof value === 'string' ? null : 'text';
  if (metatype === Buffer) return Buffer.isBuffer(value) ? null : 'bytes';
  // `ParseArrayPipe` validates the items. It splits text.
  if (metatype === Array) return Array.isArray(value) || typeof value === 'string' ? null : 'an array';
  return Array.isArray(value) ? 'an object' : null;
}

function toFieldErrors(error: ValidationError, parent = ''): FieldError[] {
  const pointer = pointerTo(error.property, parent);
  const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
    pointer,
    message: rule === 'whitelistValidation' ? UNKNOWN_FIELD : message,
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => toFieldErrors(child, pointer))];
}
