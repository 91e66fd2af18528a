import { z } from 'zod';
import type { Values } from '../environment.js';
import { duration } from '../parsers/number.parsers.js';

const SECOND_FACTOR_POLICIES = ['off', 'admins', 'everyone'] as const;

export const factorVariables = () => ({
  SECOND_FACTOR_REQUIRED: z
    .enum(SECOND_FACTOR_POLICIES, `must be one of ${SECOND_FACTOR_POLICIES.join(', ')}`)
    .default('off'),
  ADMIN_STEP_UP: duration('1m', '1d', '0s', { orZero: true }),
});

export const factorSettings = (env: Values<typeof factorVariables>) => ({
  factors: {
    /** Who must have a second factor. */
    required: env.SECOND_FACTOR_REQUIRED,
    /** How long ago an admin may have authenticated before a write. 0 without a limit. */
    adminStepUp: env.ADMIN_STEP_UP,
  },
});
