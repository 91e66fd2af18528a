import { ApiProperty } from '@nestjs/swagger';
import { IsIn } from 'class-validator';

const SCOPES = ['others', 'all'] as const;

export class RevokeOwnSessionsDto {
  @ApiProperty({ enum: SCOPES, example: 'others', description: '`others` keeps the current session.' })
  @IsIn(SCOPES, { message: 'must be others or all' })
  scope!: (typeof SCOPES)[number];
}

export class RevokedDto {
  @ApiProperty({ type: 'integer', format: 'int32', minimum: 0, example: 3, description: 'Number of revoked sessions.' })
  revoked!: number;
}
