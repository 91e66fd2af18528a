import { ApiPropertyOptional } from '@nestjs/swagger';
import { OneOf, Optional, Timestamp } from '../../../http/fields.js';
import { PageQueryDto } from '../../../http/page-query.dto.js';
import { AUDIT_TYPES, type AuditType } from '../audit-event.js';

export class ListActivityDto extends PageQueryDto {
  @ApiPropertyOptional({ enum: AUDIT_TYPES, enumName: 'AuditType' })
  @Optional()
  @OneOf(AUDIT_TYPES)
  type?: AuditType;

  @ApiPropertyOptional({ format: 'date-time', description: 'Not before this time.' })
  @Optional()
  @Timestamp()
  from?: Date;

  @ApiPropertyOptional({ format: 'date-time', description: 'Before this time.' })
  @Optional()
  @Timestamp()
  to?: Date;
}
