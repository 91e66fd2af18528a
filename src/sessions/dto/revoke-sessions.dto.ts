import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIP } from 'class-validator';
import { plainAddress } from '../../http/client.js';
import { IdField, MapText, Optional, Timestamp } from '../../http/fields.js';

export class RevokeSessionsDto {
  @ApiPropertyOptional({ format: 'uuid', example: '0198c5f2-6f0a-7c3e-9d2b-5a4f7b1c8e60' })
  @Optional()
  @IdField()
  userId?: string;

  @ApiPropertyOptional({ maxLength: 45, example: '203.0.113.7' })
  @MapText((text) => plainAddress(text) ?? text)
  @Optional()
  @IsIP(undefined, { message: 'must be an IP address' })
  ipAddress?: string;

  @ApiPropertyOptional({ format: 'date-time', example: '2026-01-15T09:30:00.000Z' })
  @Optional()
  @Timestamp()
  createdBefore?: Date;

  @ApiPropertyOptional({ default: false, example: true, description: 'Only count the matching sessions.' })
  @Optional()
  @IsBoolean({ message: 'must be true or false' })
  dryRun: boolean = false;
}

export class BulkRevokedDto {
  @ApiProperty({
    type: 'integer',
    format: 'int32',
    minimum: 0,
    example: 12,
    description: 'Number of active sessions that match the filters.',
  })
  matched!: number;

  @ApiProperty({
    type: 'integer',
    format: 'int32',
    minimum: 0,
    example: 0,
    description: 'Number of revoked sessions. 0 in a dry run.',
  })
  revoked!: number;
}
