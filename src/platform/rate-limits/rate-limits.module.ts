import { Module } from '@nestjs/common';
import { gatehouseConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database } from '../database/database.js';
import { tablePruner } from '../database/table-pruner.js';
import { PostgresCounter } from './postgres-counter.js';
import { RateLimitsService } from './rate-limits.service.js';
import { RedisCounter } from './redis-counter.js';
import { SharedCounter } from './shared-counter.js';

@Module({
  providers: [
    RateLimitsService,
    {
      provide: SharedCounter,
      inject: [gatehouseConfig.KEY, Database],
      useFactory: ({ redisUrl }: Config, database: Database) =>
        redisUrl === null ? new PostgresCounter(database) : RedisCounter.create(redisUrl),
    },
    tablePruner({
      subject: 'rate limits',
      table: 'rate_limits',
      condition: `expire < extract(epoch FROM now()) * 1000 - $1::float8`,
      // Instances whose clock is late may still count in a window that has just ended.
      retentionMs: () => 3_600_000,
    }),
  ],
  exports: [RateLimitsService],
})
export class RateLimitsModule {}
