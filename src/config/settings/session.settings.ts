import { z } from 'zod';
import type { Values } from '../environment.js';
import { duration, integer } from '../parsers/number.parsers.js';
import { shareOf, type Worker } from '../share.js';

const SESSION_LIMIT_POLICIES = ['evict_oldest', 'reject'] as const;

export const sessionVariables = () => ({
  SESSION_IDLE_TIMEOUT: duration('1m', '3650d', '30d'),
  SESSION_ABSOLUTE_TIMEOUT: duration('1m', '3650d', '90d'),
  MAX_SESSIONS_PER_USER: integer(1, 10_000, 50),
  SESSION_LIMIT_POLICY: z
    .enum(SESSION_LIMIT_POLICIES, `must be one of ${SESSION_LIMIT_POLICIES.join(', ')}`)
    .default('evict_oldest'),
  MAX_KEYS_PER_USER: integer(0, 10_000, 20),
  MAX_STREAMS: integer(1, 1_000_000, 10_000),
  MAX_STREAMS_PER_SESSION: integer(1, 10_000, 50),
  SESSION_RETENTION: duration('0s', '3650d', '30d'),
});

export const sessionSettings = (env: Values<typeof sessionVariables>, worker: Worker | null) => ({
  session: {
    idleTimeout: env.SESSION_IDLE_TIMEOUT,
    absoluteTimeout: env.SESSION_ABSOLUTE_TIMEOUT,
    maxPerUser: env.MAX_SESSIONS_PER_USER,
    limitPolicy: env.SESSION_LIMIT_POLICY,
    /** The maximum number of active API keys. */
    maxKeysPerUser: env.MAX_KEYS_PER_USER,
    /** The time until an ended session is deleted. */
    retention: env.SESSION_RETENTION,
  },
  streams: {
    /** For this process. */
    max: shareOf(env.MAX_STREAMS, worker),
    maxPerSession: env.MAX_STREAMS_PER_SESSION,
  },
});
