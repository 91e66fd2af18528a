import { ApiProperty } from '@nestjs/swagger';
import type { Session } from '../../../sessions/session.entity.js';

/** An API key without its secret. */
export class ApiKeyDto {
  @ApiProperty({
    format: 'uuid',
    example: '0198c5f2-7a11-7d94-8e0c-3b6d2f9a4c15',
    description: 'Also the ID of its session.',
  })
  id!: string;

  @ApiProperty({ example: 'Nightly export' })
  name!: string;

  @ApiProperty({
    type: [String],
    nullable: true,
    example: ['profile:read'],
    description: 'Null if the key can do what its owner can do.',
  })
  scopes!: string[] | null;

  @ApiProperty({ format: 'date-time', example: '2026-01-15T09:30:00.000Z' })
  createdAt!: Date;

  @ApiProperty({
    type: String,
    format: 'date-time',
    nullable: true,
    example: '2026-01-15T10:05:00.000Z',
    description: 'Accurate to about a minute. Null until the first use.',
  })
  lastUsedAt!: Date | null;

  @ApiProperty({ format: 'date-time', example: '2026-04-15T09:30:00.000Z' })
  expiresAt!: Date;

  static from(this: void, session: Session): ApiKeyDto {
    const { id, deviceName, scopes, createdAt, lastSeenAt, expiresAt } = session;
    const lastUsedAt = lastSeenAt > createdAt ? lastSeenAt : null;
    return { id, name: deviceName ?? '', scopes, createdAt, lastUsedAt, expiresAt };
  }
}

export class ApiKeyListDto {
  @ApiProperty({ type: [ApiKeyDto] })
  items!: ApiKeyDto[];
}

/** A new API key with its secret. */
export class CreatedApiKeyDto extends ApiKeyDto {
  @ApiProperty({
    pattern: '^ghk_[A-Za-z0-9_-]{93}$',
    example: `ghk_${'A'.repeat(93)}`,
    description: 'The key, for `Authorization: Bearer`. It is shown only in this response.',
  })
  key!: string;
}
