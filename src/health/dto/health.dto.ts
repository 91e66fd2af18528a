import { ApiProperty } from '@nestjs/swagger';
import { OUTAGE_REASONS, type OutageReason } from '../../platform/database/connect-errors.js';
import type { PoolState } from '../../platform/database/database.js';
import type { DatabaseHealth, Health, Readiness } from '../health.service.js';

const STATUSES = ['ok', 'error'] as const satisfies readonly Health[];

export class LivenessDto {
  @ApiProperty({ enum: ['ok'], example: 'ok' })
  status!: 'ok';
}

export class DatabaseHealthDto implements DatabaseHealth {
  @ApiProperty({ enum: STATUSES, example: 'ok' })
  status!: Health;

  @ApiProperty({
    type: Number,
    nullable: true,
    example: 0.42,
    description: 'Round trip of one statement in milliseconds.',
  })
  roundTripMs!: number | null;

  @ApiProperty({
    enum: OUTAGE_REASONS,
    enumName: 'OutageReason',
    nullable: true,
    example: null,
    description: 'Why the database is unavailable. The log has the details.',
  })
  reason!: OutageReason | null;
}

class MigrationsHealthDto {
  @ApiProperty({
    type: [String],
    nullable: true,
    example: [],
    description: 'Names of the migrations that have not run. Null if they are unknown.',
  })
  pending!: readonly string[] | null;
}

class PoolHealthDto implements PoolState {
  @ApiProperty({ type: 'integer', format: 'int32', minimum: 0, example: 3 })
  total!: number;

  @ApiProperty({ type: 'integer', format: 'int32', minimum: 0, example: 2 })
  idle!: number;

  @ApiProperty({
    type: 'integer',
    format: 'int32',
    minimum: 0,
    example: 0,
    description: 'Callers that are waiting for a connection.',
  })
  waiting!: number;
}

class ReadinessChecksDto {
  @ApiProperty({ type: DatabaseHealthDto })
  database!: DatabaseHealthDto;

  @ApiProperty({ type: MigrationsHealthDto })
  migrations!: MigrationsHealthDto;

  @ApiProperty({ type: PoolHealthDto })
  pool!: PoolHealthDto;
}

export class ReadinessDto implements Omit<Readiness, 'status'> {
  @ApiProperty({ enum: [...STATUSES, 'shutting_down'], example: 'ok' })
  status!: Health | 'shutting_down';

  @ApiProperty({ type: ReadinessChecksDto })
  checks!: ReadinessChecksDto;
}
