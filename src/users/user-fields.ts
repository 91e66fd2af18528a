import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { isEmail, IsString, MaxLength, ValidateBy, ValidateIf } from 'class-validator';
import { CodePoints, MapText } from '../http/fields.js';
import { PASSWORD_MAX, PASSWORD_MIN } from '../platform/passwords/password-policy.js';
import { normalizeEmail } from './email.js';

/** What can be a password at all. Which may be chosen is the policy's to say; accounts of other systems have others. */
const PASSWORD_LENGTH = [1, 1_024] as const;

/** An e-mail address, in the form in which it is stored. */
export function EmailField(): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ format: 'email', maxLength: 254, example: 'ada@example.com' }),
    MapText(normalizeEmail),
    ValidateBy({ name: 'address', validator: { validate: isAddress } }, { message: 'must be an e-mail address' }),
    MaxLength(254, { message: 'must have at most 254 characters' }),
  );
}

/** A new password. Any text may be asked for; `PasswordPolicy` decides, and says why it refuses. */
export function NewPasswordField(): PropertyDecorator {
  return applyDecorators(
    ApiProperty({
      format: 'password',
      minLength: PASSWORD_MIN,
      maxLength: PASSWORD_MAX,
      description: 'Nothing is trimmed, and every character counts. Any kind will do, as long as it is hard to guess.',
      example: 'seven lanterns at dusk',
    }),
    CodePoints(...PASSWORD_LENGTH),
  );
}

/** A password to be checked: only nonsense is refused. */
export function PasswordField(): PropertyDecorator {
  const [minLength, maxLength] = PASSWORD_LENGTH;
  return applyDecorators(
    ApiProperty({ format: 'password', minLength, maxLength, example: 'seven lanterns at dusk' }),
    CodePoints(...PASSWORD_LENGTH),
  );
}

/** What a person wants to be called; null for nothing. */
export function NameField(): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({ type: String, nullable: true, minLength: 1, maxLength: 100, example: 'Ada Lovelace' }),
    MapText((text) => text.trim()),
    ValidateIf((_, value) => value !== undefined && value !== null),
    IsString({ message: 'must be a string or null' }),
    CodePoints(1, 100),
  );
}

/** Between quotes the library takes line breaks, too, and anywhere what turns a text around: no one's address has them. */
function isAddress(value: unknown): boolean {
  return isEmail(value) && !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(value as string);
}
