import { ValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { ValidationFailedError, type FieldError } from '../domain.error.js';
import { findUnsafeInput } from './unsafe-input.js';

/**
 * Checks every body, query and parameter against its DTO: unknown fields are refused, nothing is coerced,
 * and all faults are named at once.
 *
 * @throws ValidationFailedError
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
    return super.transform(value, metadata);
  }
}

function toFieldErrors(error: ValidationError, parent = ''): FieldError[] {
  const pointer = `${parent}/${error.property}`;
  const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
    pointer,
    message: rule === 'whitelistValidation' ? 'is not a field of this request' : message,
  }));
  return [...own, ...(error.children ?? []).flatMap((child) => toFieldErrors(child, pointer))];
}
