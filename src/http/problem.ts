import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { Response } from 'express';
import type { DomainError } from '../common/domain.error.js';
import { FIELD_CODES, type FieldCode, type FieldError } from '../common/field-error.js';
import { StatusError } from './http-exception.js';

class FieldErrorDto implements FieldError {
  @ApiProperty({ description: 'A JSON pointer (RFC 6901) to the invalid field.', example: '/password' })
  pointer!: string;

  @ApiProperty({
    enum: FIELD_CODES,
    enumName: 'FieldErrorCode',
    description: 'Why the field is invalid. `invalid` is the code of all rules without one.',
    example: 'too_short',
  })
  code!: FieldCode;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    description: 'The parameters of the code, for translations.',
    example: { min: 8 },
  })
  params!: Readonly<Record<string, unknown>>;

  @ApiProperty({ description: 'An explanation in English.', example: 'must have at least 8 characters' })
  message!: string;
}

/** The default `Retry-After` in seconds. */
export const RETRY_AFTER = '1';

/** A problem document (RFC 9457), the body of every error response. */
export class ProblemDto {
  @ApiProperty({
    description: 'A stable URI that identifies the problem type. It ends in the code.',
    example: 'urn:gatehouse:problem:not_found',
  })
  type!: string;

  @ApiProperty({ example: 'Not found' })
  title!: string;

  @ApiProperty({ type: 'integer', format: 'int32', minimum: 400, maximum: 599, example: 404 })
  status!: number;

  @ApiProperty({ description: 'An explanation for humans.', example: 'No such route.' })
  detail!: string;

  @ApiProperty({ description: 'The path of the request.', example: '/sessions' })
  instance!: string;

  @ApiProperty({
    // `buildOpenApi` lists the values, because modules add their own.
    enum: [],
    enumName: 'ProblemCode',
    description: 'A stable identifier that clients can test.',
    example: 'not_found',
  })
  code!: string;

  @ApiProperty({ description: 'The `X-Request-Id` of the response.', example: '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60' })
  requestId!: string;

  @ApiPropertyOptional({ type: [FieldErrorDto], description: 'The invalid fields, if any.' })
  errors?: readonly FieldError[];

  @ApiPropertyOptional({
    enum: [],
    enumName: 'RevocationReason',
    description: 'Why the session was revoked. Only with `session_revoked` and `key_revoked`.',
    example: 'logout',
  })
  reason?: string;

  @ApiPropertyOptional({
    type: 'integer',
    format: 'int32',
    minimum: 0,
    description: 'How many seconds ago the user may have authenticated. Only with `insufficient_user_authentication`.',
    example: 600,
  })
  maxAge?: number;

  @ApiPropertyOptional({
    type: 'integer',
    format: 'int32',
    minimum: 1,
    maximum: 2,
    description: 'How many factors the user must use. Only with `insufficient_user_authentication`.',
    example: 2,
  })
  minFactors?: number;

  @ApiPropertyOptional({
    description: 'A token for `POST /auth/login/factor`. Only with `second_factor_required`.',
    example: 'mV1oZc0kq3r6bQWm2y3tq9m2cJ3Qk6s8n1vY5xT7uZA',
  })
  challenge?: string;

  @ApiPropertyOptional({
    enum: ['totp', 'passkey', 'recovery_code'],
    enumName: 'SignInFactor',
    isArray: true,
    description: 'The second factors that the account can use. Only with `second_factor_required`.',
    example: ['totp', 'recovery_code'],
  })
  factors?: readonly string[];
}

/** Converts an error to its problem document. Its extensions cannot replace the members that identify the problem. */
export function toProblem(error: DomainError, instance: string, requestId: string): ProblemDto {
  const standard = {
    type: `urn:gatehouse:problem:${error.code}`,
    title: (error instanceof StatusError && error.title) || titleOf(error.code),
    status: error.getStatus(),
    detail: error.message,
    instance,
    code: error.code,
  };
  return { ...standard, ...error.extensions, ...standard, requestId };
}

/** Sets `Retry-After` if a later request may succeed. Keeps the header that a guard or handler has set. */
export function setRetryAfter({ kind, retryAfter }: DomainError, response: Response): void {
  const isTemporary = kind === 'unavailable' || kind === 'rate_limited';
  if (isTemporary && (retryAfter !== undefined || !response.hasHeader('Retry-After')))
    response.setHeader('Retry-After', retryAfter ?? RETRY_AFTER);
}

function titleOf(code: string): string {
  const words = code.toLowerCase().replaceAll(/[_.:-]+/g, ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
