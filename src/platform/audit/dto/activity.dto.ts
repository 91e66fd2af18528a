import { ApiProperty } from '@nestjs/swagger';
import { pageOf } from '../../../http/page.dto.js';
import type { AuditEvent } from '../audit-event.entity.js';
import { EventDto } from './event.dto.js';

const DOERS = ['you', 'admin', 'unknown', 'system'] as const;

/** An event as the person sees whose account it concerns: of an admin who acted, they learn neither who nor where. */
export class ActivityDto extends EventDto {
  @ApiProperty({
    enum: DOERS,
    enumName: 'ActivityActor',
    description: '`unknown` is somebody who did not prove who they are, `system` nobody at all.',
    example: 'you',
  })
  actor!: (typeof DOERS)[number];

  static override from(this: void, event: AuditEvent): ActivityDto {
    const actor = actorOf(event);
    const place = actor === 'admin' && { ipAddress: null, userAgent: null, deviceName: null };
    return { ...EventDto.from(event), ...place, actor };
  }
}

export class ActivityPageDto extends pageOf(ActivityDto) {}

function actorOf({ actorId, userId, ipAddress, userAgent }: AuditEvent): ActivityDto['actor'] {
  if (actorId !== null) return actorId === userId ? 'you' : 'admin';
  return (ipAddress ?? userAgent) ? 'unknown' : 'system';
}
