import { ApiProperty } from '@nestjs/swagger';
import { Timestamp } from '../../http/fields.js';

export class ExpireSessionDto {
  @ApiProperty({
    format: 'date-time',
    description: 'When the session is to end: earlier than it would, never later.',
    example: '2026-01-15T09:30:00.000Z',
  })
  @Timestamp()
  expiresAt!: Date;
}
