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
    description: 'Whose account it concerns; null for none, or one that nobody knows.',
  })
  userId!: string | null;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    description: 'Who did it; null for the system, a command, or somebody who did not prove who they are.',
  })
  actorId!: string | null;

  @ApiProperty({ type: String, format: 'uuid', nullable: true, description: 'By which session it was done.' })
  actorSessionId!: string | null;

  static override from(this: void, event: AuditEvent): AuditEventDto {
    const { userId, actorId, actorSessionId } = event;
    return { ...EventDto.from(event), userId, actorId, actorSessionId };
  }
}

export class AuditEventPageDto extends pageOf(AuditEventDto) {}
