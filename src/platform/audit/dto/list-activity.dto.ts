import { ApiPropertyOptional } from '@nestjs/swagger';
import { FUTURE_EXAMPLE, OneOf, Optional, Timestamp } from '../../../http/fields.js';
import { PageQueryDto } from '../../../http/page-query.dto.js';
import { AUDIT_TYPES, type AuditType } from '../audit-event.js';

export class ListActivityDto extends PageQueryDto {
  @ApiPropertyOptional({ enum: AUDIT_TYPES, enumName: 'AuditType', example: 'sign_in' })
  @Optional()
  @OneOf(AUDIT_TYPES)
  type?: AuditType;

  @ApiPropertyOptional({
    format: 'date-time',
    example: '2026-01-01T00:00:00.000Z',
    description: 'The earliest time, inclusive.',
  })
  @Optional()
  @Timestamp()
  from?: Date;

  @ApiPropertyOptional({
    format: 'date-time',
    example: FUTURE_EXAMPLE,
    description: 'The latest time, exclusive.',
  })
  @Optional()
  @Timestamp()
  to?: Date;
}
