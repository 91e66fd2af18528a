import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { ArrayMaxSize, ArrayMinSize, ArrayUnique, IsArray, IsString } from 'class-validator';
import { CodePoints, FUTURE_EXAMPLE, MapText, Optional, Timestamp } from '../../../http/fields.js';

const MAX_SCOPES = 20;

export class CreateApiKeyDto {
  @ApiProperty({ minLength: 1, maxLength: 100, example: 'Nightly export' })
  @MapText((text) => text.trim())
  @CodePoints(1, 100)
  name!: string;

  @ApiPropertyOptional({
    type: [String],
    minItems: 1,
    maxItems: MAX_SCOPES,
    uniqueItems: true,
    example: ['profile:read'],
    description: 'The scopes of the key, as `x-scopes` lists them. Without them, the key can do what its owner can do.',
  })
  @Optional()
  @IsArray({ message: 'must be a list of scopes' })
  @ArrayMinSize(1, { message: 'must have at least one scope. Omit the field for a key without limits' })
  @ArrayMaxSize(MAX_SCOPES, { message: `must have at most ${MAX_SCOPES} scopes` })
  @ArrayUnique({ message: 'must not have a scope twice' })
  @IsString({ each: true, message: 'must be a list of scopes' })
  scopes?: string[];

  @ApiPropertyOptional({
    format: 'date-time',
    example: FUTURE_EXAMPLE,
    description: 'In the future, within one year. By default in 90 days.',
  })
  @Optional()
  @Timestamp()
  expiresAt?: Date;
}
