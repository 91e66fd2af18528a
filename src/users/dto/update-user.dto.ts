import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn } from 'class-validator';
import { Optional } from '../../common/http/fields.js';
import { ROLES, type Role } from '../../common/role.js';
import { UpdateOwnUserDto } from './update-own-user.dto.js';

export class UpdateUserDto extends UpdateOwnUserDto {
  @ApiPropertyOptional({ enum: ROLES, enumName: 'Role', description: 'Holds from that user’s next request on.' })
  @Optional()
  @IsIn(ROLES, { message: `must be one of ${ROLES.join(', ')}` })
  role?: Role;

  @ApiPropertyOptional()
  @Optional()
  @IsBoolean({ message: 'must be true or false' })
  isActive?: boolean;
}
