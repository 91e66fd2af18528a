import { ApiProperty } from '@nestjs/swagger';
import { UserDto } from '../user.dto.js';
import type { User } from '../user.entity.js';

/** A user as admins see them. */
export class AdminUserDto extends UserDto {
  @ApiProperty({ example: false, description: 'Whether the user has not yet accepted an invitation.' })
  isInvited!: boolean;

  static override from(this: void, user: User): AdminUserDto {
    return { ...UserDto.from(user), isInvited: user.invitation === 'sent' };
  }
}
