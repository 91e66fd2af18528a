import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { REFRESH_TOKEN } from './token-examples.js';
import { IsString, MaxLength, MinLength } from 'class-validator';

export const MAX_REFRESH_TOKEN_LENGTH = 512;

/** Validates the length of a refresh token. Malformed tokens are rejected later, with `refresh_token_invalid`. */
export function RefreshTokenField(options: ApiPropertyOptions = {}): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ minLength: 1, maxLength: MAX_REFRESH_TOKEN_LENGTH, example: REFRESH_TOKEN, ...options }),
    IsString({ message: 'must be a string' }),
    MinLength(1, { message: 'must not be empty' }),
    MaxLength(MAX_REFRESH_TOKEN_LENGTH, { message: `must have at most ${MAX_REFRESH_TOKEN_LENGTH} characters` }),
  );
}

export class RefreshDto {
  /** Required, unless the interceptor takes it from the cookie. */
  @RefreshTokenField({ required: false, description: 'Missing if the token is in the cookie.' })
  refreshToken!: string;
}
