import type { Type } from '@nestjs/common';
import type { FieldError } from '../common/field-error.js';
import { StrictValidationPipe } from '../http/strict-validation.pipe.js';

const pipe = new StrictValidationPipe();

/**
 * Applies the rules of the API to a command's input.
 *
 * @throws ValidationFailedError
 */
export async function validate<T>(metatype: Type<T>, fields: object): Promise<T> {
  return (await pipe.transform(fields, { type: 'body', metatype })) as T;
}

/** Returns a line for each invalid field, such as `email must be an e-mail address`. */
export function describeFields(errors: readonly FieldError[]): string[] {
  return errors.map(({ pointer, message }) => `${pointer.slice(1)} ${message}`);
}
