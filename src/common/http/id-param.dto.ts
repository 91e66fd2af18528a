import { ApiProperty } from '@nestjs/swagger';
import { Transform, type TransformFnParams } from 'class-transformer';
import { Matches } from 'class-validator';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** The `:id` of a path, in the lower case in which ids are compared (RFC 9562 §4: any case is taken). */
export class IdParamDto {
  @ApiProperty({ format: 'uuid', example: '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60' })
  @Transform(({ value }: TransformFnParams): unknown => (typeof value === 'string' ? value.toLowerCase() : value))
  @Matches(UUID, { message: 'must be a UUID' })
  id!: string;
}
