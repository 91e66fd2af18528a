import { ApiProperty } from '@nestjs/swagger';
import { FUTURE_EXAMPLE, Timestamp } from '../../http/fields.js';

export class ExpireSessionDto {
  @ApiProperty({
    format: 'date-time',
    description: 'The new expiry. It must not be later than the current one.',
    example: FUTURE_EXAMPLE,
  })
  @Timestamp()
  expiresAt!: Date;
}
