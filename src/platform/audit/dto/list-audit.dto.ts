import { ApiPropertyOptional } from '@nestjs/swagger';
import { IdField, Optional } from '../../../http/fields.js';
import { ListActivityDto } from './list-activity.dto.js';

export class ListAuditDto extends ListActivityDto {
  @ApiPropertyOptional({
    format: 'uuid',
    example: '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60',
    description: 'The account that the event is about.',
  })
  @Optional()
  @IdField()
  userId?: string;

  @ApiPropertyOptional({
    format: 'uuid',
    example: '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60',
    description: 'The user who acted.',
  })
  @Optional()
  @IdField()
  actorId?: string;
}
