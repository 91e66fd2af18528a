import { ApiPropertyOptional } from '@nestjs/swagger';
import { OneOf, Optional } from '../../http/fields.js';
import { ROLES, type Role } from '../../common/role.js';
import { EmailField, NameField, NewPasswordField } from '../user-fields.decorator.js';

export class CreateUserDto {
  @EmailField()
  email!: string;

  @NewPasswordField({
    required: false,
    description: 'Without a password, the user gets a mail with a link to choose one.',
  })
  @Optional()
  password?: string;

  @NameField()
  name?: string | null;

  @ApiPropertyOptional({ enum: ROLES, enumName: 'Role', default: 'user', example: 'user' })
  @Optional()
  @OneOf(ROLES)
  role?: Role;
}
