import { ApiPropertyOptional } from '@nestjs/swagger';
import { OneOf, Optional, Timestamp } from '../../../http/fields.js';
import { PageQueryDto } from '../../../http/page-query.dto.js';
import { AUDIT_TYPES, type AuditType } from '../audit-event.js';

export class ListActivityDto extends PageQueryDto {
  @ApiPropertyOptional({ enum: AUDIT_TYPES, enumName: 'AuditType' })
  @Optional()
  @OneOf(AUDIT_TYPES)
  type?: AuditType;

  @ApiPropertyOptional({ format: 'date-time', description: 'The earliest time, inclusive.' })
  @Optional()
  @Timestamp()
  from?: Date;

  @ApiPropertyOptional({ format: 'date-time', description: 'The latest time, exclusive.' })
  @Optional()
  @Timestamp()
  to?: Date;
}
