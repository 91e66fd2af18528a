import { ApiPropertyOptional } from '@nestjs/swagger';
import { IdField, Optional, QueryBoolean } from '../../http/fields.js';
import { PageQueryDto } from '../../http/page-query.dto.js';

export class ListSessionsDto extends PageQueryDto {
  @ApiPropertyOptional({ format: 'uuid' })
  @Optional()
  @IdField()
  userId?: string;

  @ApiPropertyOptional({ description: 'Active sessions are neither revoked nor expired.' })
  @QueryBoolean()
  isActive?: boolean;
}
