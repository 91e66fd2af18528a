import { ParseArrayPipe, type ArgumentMetadata, type ParseArrayPipeOptions, type Type } from '@nestjs/common';
import { ValidationFailedError } from '../common/domain.error.js';
import type { FieldError } from '../common/field-error.js';
import { invalidType, StrictValidationPipe } from './strict-validation.pipe.js';

const PRIMITIVES: readonly unknown[] = [String, Number, Boolean];

/** The private fields of `ParseArrayPipe`. */
interface ArrayPipe {
  readonly options: ParseArrayPipeOptions;
  readonly exceptionFactory: (error: unknown) => unknown;
}

const parse: ParseArrayPipe['transform'] = Reflect.get(ParseArrayPipe.prototype, 'transform');
const strict = new StrictValidationPipe();

/**
 * Makes Nest's `ParseArrayPipe` validate each item as `StrictValidationPipe` validates a body. Otherwise it accepts
 * unknown fields, and its errors do not name the item. A subclass would not change the pipe that Nest's documentation
 * uses.
 */
export function makeArraysStrict(): void {
  ParseArrayPipe.prototype.transform = async function (value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    const { options, exceptionFactory } = this as unknown as ArrayPipe;
    const { items } = options;
    if (!Array.isArray(value) || !items || PRIMITIVES.includes(items)) return parse.call(this, value, metadata);
    const parsed: unknown[] = [];
    const errors: FieldError[] = [];
    for (const [index, item] of value.entries()) {
      try {
        parsed.push(await validateItem(item, items));
      } catch (error) {
        if (!(error instanceof ValidationFailedError)) throw error;
        errors.push(...error.extensions.errors.map((field) => ({ ...field, pointer: `/${index}${field.pointer}` })));
      }
    }
    if (errors.length === 0) return parsed;
    const isDefault = !options.exceptionFactory && !options.errorHttpStatusCode;
    throw isDefault
      ? new ValidationFailedError(errors)
      : exceptionFactory(errors.map(({ pointer, message }) => `${pointer} ${message}`));
  };
}

async function validateItem(item: unknown, metatype: Type<unknown>): Promise<unknown> {
  // class-validator does not validate primitives, and Nest replaces null with an empty object.
  if (typeof item !== 'object' || item === null) throw new ValidationFailedError([invalidType('object')]);
  return strict.transform(item, { type: 'body', metatype });
}
