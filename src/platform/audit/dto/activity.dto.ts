import { ApiProperty } from '@nestjs/swagger';
import { pageOf } from '../../../http/page.dto.js';
import type { AuditEvent } from '../audit-event.entity.js';
import { EventDto } from './event.dto.js';

const ACTORS = ['you', 'admin', 'unknown', 'system'] as const;

/** An event as the account's owner sees it. Hides which admin acted, and the admin's client. */
export class ActivityDto extends EventDto {
  @ApiProperty({
    enum: ACTORS,
    enumName: 'ActivityActor',
    description:
      '`admin` is any other signed-in user. `unknown` is an unauthenticated client. `system` is the server itself.',
    example: 'you',
  })
  actor!: (typeof ACTORS)[number];

  static override from(this: void, event: AuditEvent): ActivityDto {
    const actor = actorOf(event);
    const hidden = actor === 'admin' && { ipAddress: null, userAgent: null, deviceName: null };
    return { ...EventDto.from(event), ...hidden, actor };
  }
}

export class ActivityPageDto extends pageOf(ActivityDto) {}

function actorOf({ actorId, userId, ipAddress, userAgent }: AuditEvent): ActivityDto['actor'] {
  if (actorId !== null) return actorId === userId ? 'you' : 'admin';
  return (ipAddress ?? userAgent) ? 'unknown' : 'system';
}
