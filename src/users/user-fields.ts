import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsEmail, IsString, MaxLength, ValidateIf } from 'class-validator';
import { CodePoints, MapText } from '../common/http/fields.js';
import { normalizeEmail } from './email.js';

const PASSWORD_MIN = 8;
const PASSWORD_MAX = 128;

/** An e-mail address, in the form in which it is stored. */
export function EmailField(): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ format: 'email', maxLength: 254, example: 'ada@example.com' }),
    MapText(normalizeEmail),
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
    MapText((text) => text.trim()),
    ValidateIf((_, value) => value !== undefined && value !== null),
    IsString({ message: 'must be a string or null' }),
    CodePoints(1, 100),
  );
}
