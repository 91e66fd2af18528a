import type { OnApplicationShutdown } from '@nestjs/common';
import type { Redis } from 'ioredis';
import { RateLimiterRedis, type RateLimiterRes } from 'rate-limiter-flexible';
import type { RateLimitPolicy } from './rate-limit.js';
import { RateLimitStore } from './rate-limit.store.js';

/** How long, in milliseconds, the client waits at most. Whether Redis is away was decided long before. */
const BOUND = 5_000;

/**
 * Counts in Redis. The first point that is taken opens the connection; one that failed or is lost is opened again by
 * itself.
 */
export class RedisStore extends RateLimitStore implements OnApplicationShutdown {
  private connecting: Promise<void> | undefined;

  private constructor(private readonly redis: Redis) {
    super();
    // Whoever asks learns of a failure from the failed command.
    redis.on('error', () => undefined);
  }

  /** Loads the client, which nobody needs who has no Redis. */
  static async at(url: string): Promise<RedisStore> {
    const { Redis } = await import('ioredis');
    return new RedisStore(
      new Redis(url, {
        lazyConnect: true,
        connectionName: 'gatehouse',
        connectTimeout: BOUND,
        commandTimeout: BOUND,
        maxRetriesPerRequest: 0,
        enableOfflineQueue: false,
      }),
    );
  }

  limiter({ name, points, window }: RateLimitPolicy): RateLimiterRedis {
    return new RateLimiterRedis({
      storeClient: this.redis,
      keyPrefix: `gatehouse:${name}`,
      points,
      duration: window,
    });
  }

  onApplicationShutdown(): void {
    this.redis.disconnect();
  }

  protected override async answer(question: () => Promise<RateLimiterRes>): Promise<RateLimiterRes> {
    if (this.redis.status === 'wait') this.connecting = this.connect();
    await this.connecting;
    return super.answer(question);
  }

  /** The first attempt. Its failure is not remembered: the client goes on trying. */
  private async connect(): Promise<void> {
    try {
      await this.redis.connect();
    } finally {
      this.connecting = undefined;
    }
  }
}
