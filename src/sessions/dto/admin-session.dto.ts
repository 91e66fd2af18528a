import { ApiProperty } from '@nestjs/swagger';
import { pageOf } from '../../http/page.dto.js';
import type { Session } from '../session.entity.js';
import { SessionDto } from './session.dto.js';

/** A session as admins see it, with its user. */
export class AdminSessionDto extends SessionDto {
  @ApiProperty({ format: 'uuid', example: '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60' })
  userId!: string;

  static override from(this: void, session: Session, currentId: string): AdminSessionDto {
    return { ...SessionDto.from(session, currentId), userId: session.userId };
  }
}

export class AdminSessionPageDto extends pageOf(AdminSessionDto) {}
