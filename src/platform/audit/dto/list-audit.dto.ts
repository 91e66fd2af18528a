import { ApiPropertyOptional } from '@nestjs/swagger';
import { IdField, Optional } from '../../../http/fields.js';
import { ListActivityDto } from './list-activity.dto.js';

export class ListAuditDto extends ListActivityDto {
  @ApiPropertyOptional({ format: 'uuid', description: 'The account that the event is about.' })
  @Optional()
  @IdField()
  userId?: string;

  @ApiPropertyOptional({ format: 'uuid', description: 'The user who acted.' })
  @Optional()
  @IdField()
  actorId?: string;
}
