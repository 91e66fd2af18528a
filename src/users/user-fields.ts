import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, type TransformFnParams } from 'class-transformer';
import { IsEmail, IsString, MaxLength, ValidateBy, ValidateIf } from 'class-validator';
import { normalizeEmail } from './email.js';

const PASSWORD_MIN = 8;
const PASSWORD_MAX = 128;

/** An e-mail address, in the form in which it is stored. Only a string is touched: other types must fail as they came. */
export function EmailField(): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ format: 'email', maxLength: 254, example: 'ada@example.com' }),
    Transform(({ value }: TransformFnParams): unknown => (typeof value === 'string' ? normalizeEmail(value) : value)),
    IsEmail({}, { message: 'must be an e-mail address' }),
    MaxLength(254, { message: 'must have at most 254 characters' }),
  );
}

/** A new password: 8 to 128 code points, any of them, nothing trimmed (ASVS 6.2.1, 6.2.5, 6.2.8, 6.2.9). */
export function NewPasswordField(): PropertyDecorator {
  return applyDecorators(
    ApiProperty({
      format: 'password',
      minLength: PASSWORD_MIN,
      maxLength: PASSWORD_MAX,
      example: 'seven lanterns at dusk',
    }),
    CodePoints(PASSWORD_MIN, PASSWORD_MAX),
  );
}

/** A password to be checked. Accounts of other systems may have shorter or longer ones; only nonsense is refused. */
export function PasswordField(): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ format: 'password', minLength: 1, maxLength: 1_024, example: 'seven lanterns at dusk' }),
    CodePoints(1, 1_024),
  );
}

/** What a person wants to be called; null for nothing. */
export function NameField(): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ type: String, nullable: true, minLength: 1, maxLength: 100, example: 'Ada Lovelace' }),
    Transform(({ value }: TransformFnParams): unknown => (typeof value === 'string' ? value.trim() : value)),
    ValidateIf((_, value) => value !== undefined && value !== null),
    IsString({ message: 'must be a string or null' }),
    CodePoints(1, 100),
  );
}

/** A string of `min` to `max` characters, counted as code points: an emoji is one. */
function CodePoints(min: number, max: number): PropertyDecorator {
  return ValidateBy(
    {
      name: 'codePoints',
      validator: {
        validate: (value) =>
          typeof value === 'string' && value.length <= max * 2 && inRange([...value].length, min, max),
      },
    },
    { message: `must be a string of ${min} to ${max} characters` },
  );
}

function inRange(value: number, min: number, max: number): boolean {
  return value >= min && value <= max;
}
