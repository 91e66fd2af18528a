import type { Type } from '@nestjs/common';
import type { FieldError } from '../common/domain.error.js';
import { StrictValidationPipe } from '../http/strict-validation.pipe.js';

const pipe = new StrictValidationPipe();

/**
 * Holds what a command was given to the rules of the same thing by HTTP.
 *
 * @throws ValidationFailedError
 */
export async function validate<T>(metatype: Type<T>, fields: object): Promise<T> {
  return (await pipe.transform(fields, { type: 'body', metatype })) as T;
}

/** Faults of fields, as a person reads them: `email must be an e-mail address`. */
export function describeFaults(errors: readonly FieldError[]): string[] {
  return errors.map(({ pointer, message }) => `${pointer.slice(1)} ${message}`);
}
