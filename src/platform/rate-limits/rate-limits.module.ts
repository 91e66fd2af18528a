import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { gatehouseConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database } from '../database/database.js';
import { tablePruner } from '../database/table-pruner.js';
import { PostgresStore } from './postgres.store.js';
import { RateLimitRow } from './rate-limit.entity.js';
import { RateLimitsService, SHARED_STORE, STORE_TIMEOUT_MS } from './rate-limits.service.js';
import { RedisStore } from './redis.store.js';
import { RejectionDelay } from './rejection-delay.js';

@Module({
  imports: [TypeOrmModule.forFeature([RateLimitRow])],
  providers: [
    RateLimitsService,
    RejectionDelay,
    {
      provide: SHARED_STORE,
      inject: [gatehouseConfig.KEY, Database],
      useFactory: ({ redisUrl }: Config, database: Database) =>
        redisUrl === null ? new PostgresStore(database) : RedisStore.create(redisUrl),
    },
    { provide: STORE_TIMEOUT_MS, useValue: 1_000 },
    tablePruner({
      subject: 'rate limits',
      table: 'rate_limits',
      key: 'key',
      condition: `expire < extract(epoch FROM now()) * 1000 - $1::float8`,
      // An instance with a slow clock may still count in a window that has just ended.
      retentionMs: () => 3_600_000,
    }),
  ],
  exports: [RateLimitsService, RejectionDelay],
})
export class RateLimitsModule {}
