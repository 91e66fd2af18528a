import { ApiPropertyOptional } from '@nestjs/swagger';
import { IdField, Optional } from '../../../http/fields.js';
import { ListActivityDto } from './list-activity.dto.js';

export class ListAuditDto extends ListActivityDto {
  @ApiPropertyOptional({ format: 'uuid', description: 'Whose account it concerns.' })
  @Optional()
  @IdField()
  userId?: string;

  @ApiPropertyOptional({ format: 'uuid', description: 'Who did it.' })
  @Optional()
  @IdField()
  actorId?: string;
}
