import { applyDecorators } from '@nestjs/common';
import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { REFRESH_TOKEN } from './token-examples.js';
import { IsString, MaxLength, MinLength } from 'class-validator';

/** Validates the length of a refresh token. Malformed tokens are rejected later, with `refresh_token_invalid`. */
export function RefreshTokenField(options: ApiPropertyOptions = {}): PropertyDecorator {
  return applyDecorators(
    ApiProperty({ minLength: 1, maxLength: 512, example: REFRESH_TOKEN, ...options }),
    IsString({ message: 'must be a string' }),
    MinLength(1, { message: 'must not be empty' }),
    MaxLength(512, { message: 'must have at most 512 characters' }),
  );
}

export class RefreshDto {
  @RefreshTokenField()
  refreshToken!: string;
}
