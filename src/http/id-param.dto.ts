import { ApiProperty } from '@nestjs/swagger';
import { IdField } from './fields.js';

/** The `:id` parameter of a path. */
export class IdParamDto {
  @ApiProperty({ format: 'uuid', example: '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60' })
  @IdField()
  id!: string;
}
