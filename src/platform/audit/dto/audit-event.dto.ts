import { ApiProperty } from '@nestjs/swagger';
import { pageOf } from '../../../http/page.dto.js';
import type { AuditEvent } from '../audit-event.entity.js';
import { EventDto } from './event.dto.js';

/** An event as an admin sees it. */
export class AuditEventDto extends EventDto {
  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    example: '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60',
    description: 'The account that the event is about. `null` if there is none.',
  })
  userId!: string | null;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    example: '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60',
    description: 'The user who acted. `null` for the system, commands and unauthenticated clients.',
  })
  actorId!: string | null;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    example: '0198c5f2-7a11-7d94-8e0c-3b6d2f9a4c15',
    description: 'The session of the actor.',
  })
  actorSessionId!: string | null;

  static override from(this: void, event: AuditEvent): AuditEventDto {
    const { userId, actorId, actorSessionId } = event;
    return { ...EventDto.from(event), userId, actorId, actorSessionId };
  }
}

export class AuditEventPageDto extends pageOf(AuditEventDto) {}
