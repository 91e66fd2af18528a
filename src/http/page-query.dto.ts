import { ApiPropertyOptional } from '@nestjs/swagger';
import { Transform, type TransformFnParams } from 'class-transformer';
import { IsInt, Max, Min, ValidateBy } from 'class-validator';
import { decodeCursor, type PageRequest } from '../common/pagination.js';
import { Optional } from './fields.js';

const LIMIT_MESSAGE = { message: 'must be a whole number from 1 to 100' };

/** The query of every list (keyset pagination). */
export class PageQueryDto {
  @ApiPropertyOptional({ type: 'integer', format: 'int32', minimum: 1, maximum: 100, default: 20, example: 20 })
  @Transform(({ value }: TransformFnParams): unknown =>
    typeof value === 'string' && /^\d{1,3}$/.test(value) ? Number(value) : (value as unknown),
  )
  @IsInt(LIMIT_MESSAGE)
  @Min(1, LIMIT_MESSAGE)
  @Max(100, LIMIT_MESSAGE)
  limit: number = 20;

  @ApiPropertyOptional({
    maxLength: 22,
    pattern: '^[A-Za-z0-9_-]{22}$',
    example: 'AZjF8m8KfD6dK1pPexyOYA',
    description: 'The `nextCursor` of the previous page.',
  })
  @Optional()
  @ValidateBy(
    { name: 'cursor', validator: { validate: (value) => typeof value === 'string' && decodeCursor(value) !== null } },
    { message: 'must be the nextCursor of a previous page' },
  )
  cursor?: string;

  toPageRequest(): PageRequest {
    return {
      limit: this.limit,
      after: this.cursor === undefined ? undefined : (decodeCursor(this.cursor) ?? undefined),
    };
  }
}
