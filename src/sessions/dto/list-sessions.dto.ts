import { ApiPropertyOptional } from '@nestjs/swagger';
import { IdField, Optional, QueryBoolean } from '../../http/fields.js';
import { PageQueryDto } from '../../http/page-query.dto.js';

export class ListSessionsDto extends PageQueryDto {
  @ApiPropertyOptional({ format: 'uuid', example: '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60' })
  @Optional()
  @IdField()
  userId?: string;

  @ApiPropertyOptional({ example: true, description: 'Active sessions are neither revoked nor expired.' })
  @QueryBoolean()
  isActive?: boolean;
}
