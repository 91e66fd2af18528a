import type { OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { RateLimiterRedis } from 'rate-limiter-flexible';
import type { RateLimitPolicy } from '../../common/client.js';
import { SharedCounter } from './shared-counter.js';

/** The maximum wait of the client, so that no command waits forever. `SharedCounter` gives up much earlier. */
const CLIENT_TIMEOUT_MS = 5_000;

/** Counts in Redis. Connects on first use. The client reconnects by itself. */
export class RedisCounter extends SharedCounter implements OnApplicationShutdown {
  private connecting: Promise<void> | undefined;

  private constructor(private readonly redis: Redis) {
    super();
    // Callers see the failure of their command.
    redis.on('error', () => undefined);
  }

  /** Loads the Redis client, which other configurations do not need. */
  static async create(url: string): Promise<RedisCounter> {
    const { Redis } = await import('ioredis');
    return new RedisCounter(
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

  protected createLimiter({ name, points, windowSeconds }: RateLimitPolicy): RateLimiterRedis {
    return new RateLimiterRedis({
      storeClient: this.redis,
      keyPrefix: `gatehouse:${name}`,
      points,
      duration: windowSeconds,
    });
  }

  /** Opens the first connection once. Does not remember its failure, because the client keeps trying. */
  protected override async connect(): Promise<void> {
    if (this.redis.status === 'wait') {
      this.connecting = this.redis.connect().finally(() => {
        this.connecting = undefined;
      });
    }
    await this.connecting;
  }
}
