import { availableParallelism } from 'node:os';
import { z } from 'zod';
import { ENVIRONMENTS, type Values } from '../environment.js';
import type { Worker } from '../share.js';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const MAX_WORKERS = 256;

/** The number of processes. `auto` is the number of processors. */
const workers = z
  .string()
  .default('1')
  .transform((text, context) => {
    if (text === 'auto') return availableParallelism();
    if (/^\d{1,3}$/.test(text) && Number(text) >= 1 && Number(text) <= MAX_WORKERS) return Number(text);
    context.addIssue(`must be auto or a whole number from 1 to ${MAX_WORKERS}`);
    return z.NEVER;
  });

export const processVariables = () => ({
  NODE_ENV: z.enum(ENVIRONMENTS, `must be one of ${ENVIRONMENTS.join(', ')}`).default('development'),
  LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
  WORKERS: workers,
});

export const processSettings = (env: Values<typeof processVariables>, worker: Worker | null) => ({
  environment: env.NODE_ENV,
  logLevel: env.LOG_LEVEL,
  /** The number of processes that serve requests. */
  workers: env.WORKERS,
  /** This process among them. Null if it is the only one or starts the others. */
  worker,
});
