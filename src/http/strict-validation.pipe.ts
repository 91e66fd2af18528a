import { Logger, ValidationPipe, type ArgumentMetadata } from '@nestjs/common';
import { plainToInstance } from 'class-transformer';
import { getMetadataStorage, type ValidationError } from 'class-validator';
import { ValidationFailedError } from '../common/domain.error.js';
import type { FieldErrorInput } from '../common/field-error.js';
import { reasonOf } from './field-reasons.js';
import { checkTypesFirst } from './type-rules.js';
import { findUnsafeInput, pointerTo } from './unsafe-input.js';

checkTypesFirst();

const DECIMAL = /^-?\d+(\.\d+)?$/;
const BOOLEAN = /^(true|false)$/;
/** The types of bodies that pipes such as `ParseIntPipe` check. */
const BUILT_IN: readonly unknown[] = [Object, Number, Boolean, Date];
const UNKNOWN_FIELD = 'is not a field of this request';

/** The type of a parameter: a class, or an enum object that is imported from another file. */
type Metatype = NonNullable<ArgumentMetadata['metatype']>;

/**
 * Validates bodies, queries and parameters against their DTOs. Rejects unknown fields and does not convert types.
 *
 * A class without validators has no fields, so only an empty object is valid. Does not check a single query or path value of
 * such a class: in `@Param('id', UserByIdPipe) user: User`, `UserByIdPipe` runs later and checks the ID.
 *
 * @throws ValidationFailedError with all invalid fields
 */
export class StrictValidationPipe extends ValidationPipe {
  constructor() {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      stopAtFirstError: true,
      // The errors then contain the validated object, which shows whether its class has validators.
      validationError: { target: true },
      exceptionFactory: (errors) => new ValidationFailedError(errors.flatMap((error) => toFieldErrors(error))),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    if (metadata.type === 'custom') return value;
    const unsafe = findUnsafeInput(value);
    if (unsafe) throw new ValidationFailedError([unsafe]);
    const expected = expectedBody(value, metadata);
    if (expected !== null) throw new ValidationFailedError([invalidType(expected)]);
    // class-validator silently drops fields named like a method of the DTO, instead of rejecting them.
    // Only objects have fields. A string would have a key for each character.
    const keys = typeof value === 'object' && value !== null ? Object.keys(value) : [];
    const hidden = keys.find((key) => key in (metadata.metatype?.prototype ?? {}));
    if (hidden !== undefined) throw new ValidationFailedError([unknownField(hidden)]);
    const { metatype } = metadata;
    if (metatype && this.toValidate(metadata) && !hasRules(metatype)) return withoutRules(value, metadata, metatype);
    return super.transform(value, metadata);
  }

  /**
   * Leaves text that is not a number or a boolean to pipes such as `ParseIntPipe`. Nest would convert an empty string
   * to 0, and every word except `true` to false.
   */
  protected override transformPrimitive(value: unknown, metadata: ArgumentMetadata): unknown {
    const format = metadata.metatype === Number ? DECIMAL : metadata.metatype === Boolean ? BOOLEAN : null;
    if (format && typeof value === 'string' && !format.test(value)) return value;
    return super.transformPrimitive(value, metadata);
  }
}

/** Returns the type that a body must have, or null if it has that type. */
function expectedBody(value: unknown, { type, data, metatype }: ArgumentMetadata): string | null {
  if (type !== 'body' || data !== undefined || value === undefined) return null;
  if (metatype === String) return typeof value === 'string' ? null : 'string';
  if (metatype === Buffer) return Buffer.isBuffer(value) ? null : 'bytes';
  // `ParseArrayPipe` validates the items, and splits a string into items.
  if (metatype === Array) return Array.isArray(value) || typeof value === 'string' ? null : 'array';
  if (Array.isArray(value)) return 'object';
  const isDto = typeof metatype === 'function' && !BUILT_IN.includes(metatype);
  return isDto && (typeof value !== 'object' || value === null) ? 'object' : null;
}

/** Returns an input whose type has no validators. Rejects its fields, because they would not be validated. */
function withoutRules(value: unknown, { type, data }: ArgumentMetadata, metatype: Metatype): unknown {
  const isClass = typeof metatype === 'function';
  const isFields = typeof value === 'object' || value === undefined;
  if (data === undefined && isClass && !isFields) {
    throw new ValidationFailedError([invalidType('object')]);
  }
  const fields = isFields && (data === undefined || type === 'body') ? Object.keys(value ?? {}) : [];
  if (fields.length > 0) {
    if (isClass) reportMissingRules(metatype);
    throw new ValidationFailedError(fields.map(unknownField));
  }
  return data === undefined && isClass ? plainToInstance(metatype, {}) : value;
}

function hasRules(type: Metatype): boolean {
  return getMetadataStorage().getTargetValidationMetadatas(type, '', false, false).length > 0;
}

const reported = new WeakSet<Metatype>();

function reportMissingRules(type: Metatype): void {
  if (reported.has(type)) return;
  reported.add(type);
  new Logger(StrictValidationPipe.name).warn(
    `${type.name} has no validators, so every field of it is rejected. Add a validator such as @IsString() to each field.`,
  );
}

const TYPES: Readonly<Record<string, string>> = {
  string: 'text',
  bytes: 'bytes',
  array: 'an array',
  object: 'an object',
};

/** Returns the error of an input that has another type. */
export function invalidType(type: string): FieldErrorInput {
  return { pointer: '', code: 'invalid_type', params: { type }, message: `must be ${TYPES[type] ?? type}` };
}

function unknownField(key: string): FieldErrorInput {
  return { pointer: pointerTo(key), code: 'unknown_field', message: UNKNOWN_FIELD };
}

/** @param field the field of a class that contains the error, such as `OrderDto.items` */
function toFieldErrors(error: ValidationError, parent = '', field = ''): FieldErrorInput[] {
  const pointer = pointerTo(error.property, parent);
  const owner = error.target?.constructor as Metatype | undefined;
  const isUnknown = error.constraints?.['whitelistValidation'] !== undefined;
  if (isUnknown && owner && !hasRules(owner)) {
    // Without @Type(), class-transformer does not create an instance of the nested class.
    if (owner === Object) throw new Error(`${field} has @ValidateNested() but no @Type(). Add @Type(() => ItsClass).`);
    reportMissingRules(owner);
  }
  const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
    pointer,
    ...reasonOf(error, rule),
    message: isUnknown ? UNKNOWN_FIELD : message || 'is not valid',
  }));
  const ownField = !owner || Array.isArray(error.target) ? field : `${owner.name}.${error.property}`;
  return [...own, ...(error.children ?? []).flatMap((child) => toFieldErrors(child, pointer, ownField))];
}
