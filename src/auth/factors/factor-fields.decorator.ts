import { applyDecorators } from '@nestjs/common';
import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { Matches } from 'class-validator';
import { CodePoints, MapText, Optional } from '../../http/fields.js';
import { CODE_PATTERN, normalizeCode, normalizeRecoveryCode, RECOVERY_CODE_PATTERN } from './factor-codes.js';
import { CHALLENGE } from './factors.errors.js';

const CODE = {
  pattern: CODE_PATTERN.source,
  example: '492039',
  description: 'The current code of an authenticator app. Spaces and the digits of other scripts are accepted.',
} as const;
const RECOVERY_CODE = '8Q2M-WX4T-0ZKC-R7NA-5HJE-P3VG';

/** Returns examples of a body with exactly one factor. The examples of all fields together would be rejected. */
export function factorExamples(fields: object = {}) {
  return {
    code: { summary: 'A code of an authenticator app', value: { ...fields, code: CODE.example } },
    recoveryCode: { summary: 'A recovery code', value: { ...fields, recoveryCode: RECOVERY_CODE } },
  };
}

/** Validates the challenge of a sign-in that needs a second factor. */
export function ChallengeField(): PropertyDecorator {
  const description = 'From the problem `second_factor_required`.';
  return applyDecorators(
    ApiProperty({ minLength: 1, maxLength: 100, description, example: CHALLENGE }),
    CodePoints(1, 100),
  );
}

/** Validates a code of an authenticator app, and converts it to ASCII digits without separators. */
export function CodeField({ required = true } = {}): PropertyDecorator {
  return applyDecorators(
    required ? ApiProperty(CODE) : ApiPropertyOptional(CODE),
    MapText(normalizeCode),
    ...(required ? [] : [Optional()]),
    Matches(CODE_PATTERN, { message: 'must have 6 digits' }),
  );
}

/** Validates an optional recovery code, and normalizes it. */
export function RecoveryCodeField(): PropertyDecorator {
  return applyDecorators(
    ApiPropertyOptional({
      minLength: 24,
      maxLength: 29,
      example: RECOVERY_CODE,
      description: 'A recovery code, which works once. Case and separators do not matter.',
    }),
    MapText(normalizeRecoveryCode),
    Optional(),
    Matches(RECOVERY_CODE_PATTERN, { message: 'must have 24 letters and digits' }),
  );
}
