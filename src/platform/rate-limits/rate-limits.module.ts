import { Module } from '@nestjs/common';
import { gatehouseConfig } from '../../config/config.module.js';
import type { Config } from '../../config/env.js';
import { Database } from '../database/database.js';
import { PostgresStore } from './postgres.store.js';
import { RateLimitPruner } from './rate-limit-pruner.js';
import { RateLimitStore } from './rate-limit.store.js';
import { RateLimits } from './rate-limits.js';
import { RateLimitsRepository } from './rate-limits.repository.js';
import { RedisStore } from './redis.store.js';

@Module({
  providers: [
    RateLimitPruner,
    RateLimits,
    RateLimitsRepository,
    {
      provide: RateLimitStore,
      inject: [gatehouseConfig.KEY, Database, RateLimitsRepository],
      useFactory: ({ redisUrl }: Config, database: Database, rows: RateLimitsRepository) =>
        redisUrl === null ? new PostgresStore(database, rows) : RedisStore.at(redisUrl),
    },
  ],
  exports: [RateLimitPruner, RateLimits],
})
export class RateLimitsModule {}
