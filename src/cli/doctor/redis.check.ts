import type { Config } from '../../config/env.js';
import { CERTIFICATE_ADVICE, isCertificateError } from './certificates.js';
import { ok, problem, sentence, type Finding } from '../../server/checks/finding.js';

const TIMEOUT_MS = 5_000;
const KEY = 'gatehouse:doctor';

/**
 * Connects to Redis, queues a write and discards it. Redis rejects the queued write if it is a replica, if it is full, or
 * if the user lacks the right.
 */
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
  let reason: Error | undefined;
  // The error of `connect` only says that the connection is closed.
  redis.on('error', (error: Error) => (reason ??= error));
  try {
    await redis.connect();
    await redis.multi({ pipeline: false });
    await redis.set(KEY, '1');
    await redis.discard();
    return [ok('redis', 'Accepts writes')];
  } catch (error) {
    const cause = reason ?? (error as Error);
    return [problem('redis', `${sentence(cause.message)} ${adviceFor(cause)}`)];
  } finally {
    redis.disconnect();
  }
}

/** Returns what to do about an error of Redis, whose messages start with a code. */
function adviceFor(error: Error): string {
  const { message } = error;
  if (isCertificateError(error)) return CERTIFICATE_ADVICE;
  if (/WRONGPASS|NOAUTH|AUTH/.test(message)) return 'Check the user and the password in REDIS_URL.';
  if (message.includes('NOPERM')) return 'Allow the user to write keys that start with gatehouse:.';
  if (message.includes('READONLY')) return 'Set REDIS_URL to the primary.';
  return 'Check that Redis is running, and the host, the port and TLS (rediss) in REDIS_URL.';
}
