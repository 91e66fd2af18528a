import type { OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import type { RateLimitPolicy } from '../../common/client.js';
import type { SharedStore } from './rate-limit.counter.js';

/** A last resort, so that no command waits forever. `RateLimitCounter` times out much earlier. */
const CLIENT_TIMEOUT_MS = 5_000;

/** Counts in Redis. Connects on first use. The client reconnects by itself. */
export class RedisStore implements SharedStore, OnApplicationShutdown {
  private connecting: Promise<void> | undefined;

  private constructor(private readonly redis: Redis) {
    // Callers get the error of their own command.
    redis.on('error', () => undefined);
  }

  /** Loads the Redis client, which other configurations do not need. */
  static async create(url: string): Promise<RedisStore> {
    const { Redis } = await import('ioredis');
    return new RedisStore(
      new Redis(url, {
        lazyConnect: true,
        connectionName: 'gatehouse',
        connectTimeout: CLIENT_TIMEOUT_MS,
        commandTimeout: CLIENT_TIMEOUT_MS,
        maxRetriesPerRequest: 0,
        enableOfflineQueue: false,
      }),
    );
  }

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }

  createLimiter({ name, points, windowSeconds }: RateLimitPolicy): RateLimiterRedis {
    return new RateLimiterRedis({
      storeClient: this.redis,
      keyPrefix: `gatehouse:${name}`,
      points,
      duration: windowSeconds,
    });
  }

  /** Opens the first connection. Parallel calls share the attempt. After that, the client reconnects by itself. */
  async connect(): Promise<void> {
    if (this.redis.status === 'wait') {
      this.connecting = this.redis.connect().finally(() => {
        this.connecting = undefined;
      });
    }
    await this.connecting;
  }
}
