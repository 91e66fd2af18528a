import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { SESSION_KINDS, type SessionKind } from '../../common/principal.js';
import { IdField, OneOf, Optional, QueryBoolean } from '../../http/fields.js';
import { PageQueryDto } from '../../http/page-query.dto.js';

/** Filters by the kind of session. */
const KindField = () =>
  applyDecorators(
    ApiPropertyOptional({ enum: SESSION_KINDS, enumName: 'SessionKind', example: 'sign_in' }),
    Optional(),
    OneOf(SESSION_KINDS),
  );

export class ListOwnSessionsDto {
  @KindField()
  kind?: SessionKind;
}

export class ListSessionsDto extends PageQueryDto {
  @ApiPropertyOptional({ format: 'uuid', example: '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60' })
  @Optional()
  @IdField()
  userId?: string;

  @KindField()
  kind?: SessionKind;

  @ApiPropertyOptional({ example: true, description: 'Active sessions are neither revoked nor expired.' })
  @QueryBoolean()
  isActive?: boolean;
}
