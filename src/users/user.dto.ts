import { ApiProperty } from '@nestjs/swagger';
import { ROLES, type Role } from '../common/role.js';
import type { User } from './user.entity.js';

/** The fields of a user that clients may see. An allow-list, so that new columns stay private. */
export class UserDto {
  @ApiProperty({ format: 'uuid', example: '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60' })
  id!: string;

  @ApiProperty({ format: 'email', example: 'ada@example.com' })
  email!: string;

  @ApiProperty({ type: String, nullable: true, example: 'Ada Lovelace' })
  name!: string | null;

  @ApiProperty({ enum: ROLES, enumName: 'Role', example: 'user' })
  role!: Role;

  @ApiProperty({ example: true, description: 'An inactive user can neither sign in nor use a session.' })
  isActive!: boolean;

  @ApiProperty({ example: false, description: 'Whether the user has a second factor, which each sign-in needs.' })
  hasSecondFactor!: boolean;

  @ApiProperty({ type: String, format: 'date-time', nullable: true, example: null })
  emailVerifiedAt!: Date | null;

  @ApiProperty({ format: 'date-time', example: '2026-01-15T09:30:00.000Z' })
  createdAt!: Date;

  @ApiProperty({ format: 'date-time', example: '2026-01-15T09:30:00.000Z' })
  updatedAt!: Date;

  static from(this: void, user: User): UserDto {
    const { id, email, name, role, isActive, hasSecondFactor, emailVerifiedAt, createdAt, updatedAt } = user;
    return { id, email, name, role, isActive, hasSecondFactor, emailVerifiedAt, createdAt, updatedAt };
  }
}
