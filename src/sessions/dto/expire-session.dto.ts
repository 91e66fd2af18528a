import { ApiProperty } from '@nestjs/swagger';
import { Timestamp } from '../../http/fields.js';

export class ExpireSessionDto {
  @ApiProperty({
    format: 'date-time',
    description: 'The new expiry. It must not be later than the current one.',
    example: '2026-01-15T09:30:00.000Z',
  })
  @Timestamp()
  expiresAt!: Date;
}
