import { ValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { ValidationFailedError, type FieldError } from '../common/domain.error.js';
import { findUnsafeInput } from './unsafe-input.js';

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
    if (metadata.type === 'body' && Array.isArray(value)) {
      throw new ValidationFailedError([{ pointer: '', message: 'must be an object' }]);
    }
    // The library silently drops fields named like a method of the DTO, instead of rejecting them.
    const hidden = Object.keys(value ?? {}).find((key) => key in (metadata.metatype?.prototype ?? {}));
    if (hidden !== undefined) throw new ValidationFailedError([{ pointer: `/${hidden}`, message: UNKNOWN_FIELD }]);
    return super.transform(value, metadata);
  }
}

function toFieldErrors(error: ValidationError, parent = ''): FieldError[] {
  const pointer = `${parent}/${error.property}`;
  const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
    pointer,
    message: rule === 'whitelistValidation' ? UNKNOWN_FIELD : message,
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => toFieldErrors(child, pointer))];
}
