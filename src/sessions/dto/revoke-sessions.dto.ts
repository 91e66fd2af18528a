import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIP } from 'class-validator';
import { plainAddress } from '../../http/client.js';
import { IdField, MapText, Optional, Timestamp } from '../../http/fields.js';

export class RevokeSessionsDto {
  @ApiPropertyOptional({ format: 'uuid' })
  @Optional()
  @IdField()
  userId?: string;

  @ApiPropertyOptional({ example: '203.0.113.7' })
  @MapText((text) => plainAddress(text) ?? text)
  @Optional()
  @IsIP(undefined, { message: 'must be an IP address' })
  ipAddress?: string;

  @ApiPropertyOptional({ format: 'date-time' })
  @Optional()
  @Timestamp()
  createdBefore?: Date;

  @ApiPropertyOptional({ default: false, description: 'Only count the matching sessions.' })
  @Optional()
  @IsBoolean({ message: 'must be true or false' })
  dryRun: boolean = false;
}

export class BulkRevokedDto {
  @ApiProperty({ type: 'integer', example: 12, description: 'Number of active sessions that match the filters.' })
  matched!: number;

  @ApiProperty({ type: 'integer', example: 12, description: 'Number of revoked sessions. 0 in a dry run.' })
  revoked!: number;
}
