import { ApiProperty } from '@nestjs/swagger';
import type { Page } from '../../common/pagination.js';
import type { User } from '../user.entity.js';
import { UserDto } from '../user.dto.js';

export class UserPageDto {
  @ApiProperty({ type: [UserDto] })
  items!: UserDto[];

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'Pass it as `cursor` for the next page; null on the last one.',
  })
  nextCursor!: string | null;

  static from(this: void, page: Page<User>): UserPageDto {
    return { items: page.items.map(UserDto.from), nextCursor: page.nextCursor };
  }
}
