import { ApiProperty } from '@nestjs/swagger';
import { NextCursorField } from '../../http/next-cursor.decorator.js';
import type { Page } from '../../common/pagination.js';
import type { User } from '../user.entity.js';
import { UserDto } from '../user.dto.js';

export class UserPageDto {
  @ApiProperty({ type: [UserDto] })
  items!: UserDto[];

  @NextCursorField()
  nextCursor!: string | null;

  static from(this: void, page: Page<User>): UserPageDto {
    return { items: page.items.map(UserDto.from), nextCursor: page.nextCursor };
  }
}
