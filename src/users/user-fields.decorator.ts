import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional, type ApiPropertyOptions } from '@nestjs/swagger';
import { isEmail, IsString, MaxLength, ValidateBy, ValidateIf } from 'class-validator';
import { CodePoints, MapText } from '../http/fields.js';
import { normalizePassword } from '../platform/passwords/normalize-password.js';
import { PASSWORD_MAX, PASSWORD_MIN } from '../platform/passwords/password-policy.js';
import { hasValidDomain, normalizeEmail } from './email.js';

/** Limits for any password. `PasswordPolicy` is stricter for new ones. Imported accounts may have other passwords. */
const PASSWORD_LENGTH = [1, 1_024] as const;

/** Validates an email and normalizes it as it is stored. */
export function EmailField(options: ApiPropertyOptions = {}): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ format: 'email', maxLength: 254, example: 'ada@example.com', ...options }),
    MapText(normalizeEmail),
    ValidateBy({ name: 'email', validator: { validate: isPlainEmail } }, { message: 'must be an e-mail address' }),
    MaxLength(254, { message: 'must have at most 254 characters' }),
  );
}

/** Checks only the length of a new password. `PasswordPolicy` decides whether it is acceptable and gives the reason. */
export function NewPasswordField(options: ApiPropertyOptions = {}): PropertyDecorator {
  return applyDecorators(
    ApiProperty({
      format: 'password',
      minLength: PASSWORD_MIN,
      maxLength: PASSWORD_MAX,
      description: 'Any characters are allowed, and none are trimmed. The password must be hard to guess.',
      example: 'seven lanterns at dusk',
      ...options,
    }),
    CodePoints(...PASSWORD_LENGTH, normalizePassword),
  );
}

/** Checks the length of a password that will be verified. */
export function PasswordField(options: ApiPropertyOptions = {}): PropertyDecorator {
  const [minLength, maxLength] = PASSWORD_LENGTH;
  return applyDecorators(
    ApiProperty({ format: 'password', minLength, maxLength, example: 'seven lanterns at dusk', ...options }),
    CodePoints(...PASSWORD_LENGTH, normalizePassword),
  );
}

/** Validates and trims an optional display name. Accepts `null`. */
export function NameField(): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ type: String, nullable: true, minLength: 1, maxLength: 100, example: 'Ada Lovelace' }),
    MapText((text) => text.trim()),
    ValidateIf((_, value) => value !== undefined && value !== null),
    IsString({ message: 'must be a string or null' }),
    CodePoints(1, 100),
  );
}

/** Rejects control and bidirectional characters, which the library accepts between quotes. */
function isPlainEmail(value: unknown): boolean {
  return isEmail(value) && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(value as string) && hasValidDomain(value as string);
}
