import { z } from 'zod';
import { parseDuration } from '../duration.js';
import type { Values } from '../environment.js';
import { flag } from '../parsers/text.parsers.js';
import { url } from '../parsers/url.parser.js';

const MAX_WINDOW_SECONDS = 86_400;

/** Attempts per window of whole seconds, such as `10/15m`. */
const quota = (fallback: string) => {
  return z
    .string()
    .transform((text, context) => {
      const [, points, time = ''] = /^([1-9]\d{0,8})\/(.+)$/.exec(text) ?? [];
      const window = (parseDuration(time) ?? 0) / 1_000;
      if (Number.isInteger(window) && window >= 1 && window <= MAX_WINDOW_SECONDS)
        return { points: Number(points), window };
      context.addIssue('must be attempts per window such as 10/15m, with a window of whole seconds from 1s to 1d');
      return z.NEVER;
    })
    .prefault(fallback);
};

export const rateLimitVariables = () => ({
  RATE_LIMIT_ENABLED: flag(true),
  RATE_LIMIT_LOGIN_ADDRESS: quota('100/15m'),
  RATE_LIMIT_LOGIN_ACCOUNT: quota('10/15m'),
  RATE_LIMIT_REGISTER_ADDRESS: quota('20/1h'),
  RATE_LIMIT_REGISTER_ACCOUNT: quota('5/1h'),
  RATE_LIMIT_REFRESH_ADDRESS: quota('300/15m'),
  RATE_LIMIT_REFRESH_ACCOUNT: quota('60/15m'),
  RATE_LIMIT_FORGOT_ADDRESS: quota('20/1h'),
  RATE_LIMIT_FORGOT_ACCOUNT: quota('5/1h'),
  RATE_LIMIT_VERIFY_ADDRESS: quota('60/1h'),
  RATE_LIMIT_VERIFY_ACCOUNT: quota('5/1h'),
  RATE_LIMIT_KEY: quota('6000/1m'),
  REDIS_URL: url(/^rediss?:/, 'redis://user:password@host:6379/0').optional(),
});

export const rateLimitSettings = (env: Values<typeof rateLimitVariables>) => ({
  rateLimits: {
    enabled: env.RATE_LIMIT_ENABLED,
    quotas: {
      login: { address: env.RATE_LIMIT_LOGIN_ADDRESS, account: env.RATE_LIMIT_LOGIN_ACCOUNT },
      register: { address: env.RATE_LIMIT_REGISTER_ADDRESS, account: env.RATE_LIMIT_REGISTER_ACCOUNT },
      refresh: { address: env.RATE_LIMIT_REFRESH_ADDRESS, account: env.RATE_LIMIT_REFRESH_ACCOUNT },
      forgot: { address: env.RATE_LIMIT_FORGOT_ADDRESS, account: env.RATE_LIMIT_FORGOT_ACCOUNT },
      verify: { address: env.RATE_LIMIT_VERIFY_ADDRESS, account: env.RATE_LIMIT_VERIFY_ACCOUNT },
    },
    /** Requests of one API key. Each process counts separately. */
    key: env.RATE_LIMIT_KEY,
  },
  /** If null, the database counts for the rate limits. */
  redisUrl: env.REDIS_URL ?? null,
});
