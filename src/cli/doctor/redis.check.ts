import type { Config } from '../../config/env.js';
import { ok, problem, sentence, type Finding } from '../../server/checks/finding.js';

const TIMEOUT_MS = 5_000;
const KEY = 'gatehouse:doctor';

/** Connects to Redis and writes a key that expires. A replica and a user without rights reject that. */
export async function inspectRedis({ redisUrl }: Config): Promise<readonly Finding[]> {
  if (redisUrl === null) return [];
  const { Redis } = await import('ioredis');
  const redis = new Redis(redisUrl, {
    lazyConnect: true,
    connectTimeout: TIMEOUT_MS,
    commandTimeout: TIMEOUT_MS,
    maxRetriesPerRequest: 0,
    retryStrategy: () => null,
  });
  let reason: string | undefined;
  // The error of `connect` only says that the connection is closed.
  redis.on('error', ({ message }: Error) => (reason ??= message));
  try {
    await redis.connect();
    await redis.set(KEY, '1', 'EX', 1);
    return [ok('redis', 'Accepts writes')];
  } catch (error) {
    const cause = reason ?? (error as Error).message;
    return [problem('redis', `${sentence(cause)} ${adviceFor(cause)}`)];
  } finally {
    redis.disconnect();
  }
}

function adviceFor(reason: string): string {
  if (/WRONGPASS|NOAUTH|AUTH/.test(reason)) return 'Check the user and the password in REDIS_URL.';
  if (reason.includes('NOPERM')) return 'Allow the user to write keys that start with gatehouse:.';
  if (reason.includes('READONLY')) return 'Set REDIS_URL to the primary.';
  return 'Check that Redis is running, and the host, the port and TLS (rediss) in REDIS_URL.';
}
