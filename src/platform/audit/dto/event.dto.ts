import { ApiProperty } from '@nestjs/swagger';
import { describeDevice } from '../../../common/device-name.js';
import type { AuditEvent } from '../audit-event.entity.js';
import { AUDIT_OUTCOMES, AUDIT_TYPES, type AuditDetails, type AuditOutcome, type AuditType } from '../audit-event.js';

/** The fields of an event that both its user and admins may see. */
export class EventDto {
  @ApiProperty({ format: 'uuid', example: '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60' })
  id!: string;

  @ApiProperty({ format: 'date-time', example: '2026-01-15T09:30:00.000Z' })
  occurredAt!: Date;

  @ApiProperty({ enum: AUDIT_TYPES, enumName: 'AuditType', example: 'session_revoked' })
  type!: AuditType;

  @ApiProperty({ enum: AUDIT_OUTCOMES, enumName: 'AuditOutcome', example: 'success' })
  outcome!: AuditOutcome;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The problem code of a failure, or the reason of a revocation.',
    example: 'logout',
  })
  reason!: string | null;

  @ApiProperty({
    type: String,
    format: 'uuid',
    nullable: true,
    example: '0198c5f2-7a11-7d94-8e0c-3b6d2f9a4c15',
    description: 'The session that the event is about.',
  })
  sessionId!: string | null;

  @ApiProperty({ type: String, nullable: true, description: 'The IP address of the actor.', example: '203.0.113.7' })
  ipAddress!: string | null;

  @ApiProperty({ type: String, nullable: true, example: 'Mozilla/5.0 (Macintosh; …) Chrome/141.0.0.0 Safari/537.36' })
  userAgent!: string | null;

  @ApiProperty({
    type: String,
    nullable: true,
    description: 'The name that the device has given itself, or a short name derived from the user agent.',
    example: 'Chrome on macOS',
  })
  deviceName!: string | null;

  @ApiProperty({
    type: 'object',
    additionalProperties: true,
    nullable: true,
    description: 'Additional facts, such as the old and the new role.',
    example: { role: { from: 'user', to: 'admin' } },
  })
  details!: AuditDetails | null;

  static from(this: void, event: AuditEvent): EventDto {
    const { id, occurredAt, type, outcome, reason, sessionId, ipAddress, userAgent, deviceName, details } = event;
    const device = (deviceName ?? userAgent) ? describeDevice(deviceName, userAgent) : null;
    return { id, occurredAt, type, outcome, reason, sessionId, ipAddress, userAgent, deviceName: device, details };
  }
}
