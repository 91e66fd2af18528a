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
    description: 'The account that the event is about. `null` if there is none.',
  })
  userId!: string | null;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'The user who acted. `null` for the system, commands and unauthenticated clients.',
  })
  actorId!: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'The session of the actor.' })
  actorSessionId!: string | null;

  static override from(this: void, event: AuditEvent): AuditEventDto {
    const { userId, actorId, actorSessionId } = event;
    return { ...EventDto.from(event), userId, actorId, actorSessionId };
  }
}

export class AuditEventPageDto extends pageOf(AuditEventDto) {}
