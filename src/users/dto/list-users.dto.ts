import { ApiPropertyOptional } from '@nestjs/swagger';
import { CodePoints, OneOf, Optional, QueryBoolean } from '../../http/fields.js';
import { PageQueryDto } from '../../http/page-query.dto.js';
import { ROLES, type Role } from '../../common/role.js';

export class ListUsersDto extends PageQueryDto {
  @ApiPropertyOptional({
    minLength: 1,
    maxLength: 100,
    example: 'ada',
    description:
      'Matches any part of the email or name, ignoring case, but only whole labels of an internationalized domain.',
  })
  @Optional()
  @CodePoints(1, 100)
  search?: string;

  @ApiPropertyOptional({ enum: ROLES, enumName: 'Role', example: 'user' })
  @Optional()
  @OneOf(ROLES)
  role?: Role;

  @ApiPropertyOptional({ example: true })
  @QueryBoolean()
  isActive?: boolean;
}
