import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean } from 'class-validator';
import { OneOf, Optional } from '../../http/fields.js';
import { ROLES, type Role } from '../../common/role.js';
import { EmailField } from '../user-fields.decorator.js';
import { UpdateOwnUserDto } from './update-own-user.dto.js';

export class UpdateUserDto extends UpdateOwnUserDto {
  @EmailField({
    required: false,
    description: 'Must be verified again. The earlier email receives a link that undoes the change for a week.',
  })
  @Optional()
  email?: string;

  @ApiPropertyOptional({
    enum: ROLES,
    enumName: 'Role',
    example: 'user',
    description: 'Takes effect on that user’s next request.',
  })
  @Optional()
  @OneOf(ROLES)
  role?: Role;

  @ApiPropertyOptional({ example: true, description: 'An inactive user can neither sign in nor use a session.' })
  @Optional()
  @IsBoolean({ message: 'must be true or false' })
  isActive?: boolean;
}
