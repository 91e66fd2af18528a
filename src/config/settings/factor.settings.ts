import { z } from 'zod';
import type { Environment, Values } from '../environment.js';
import { duration } from '../parsers/number.parsers.js';
import { secret, secrets } from '../parsers/secret.parsers.js';

const SECOND_FACTOR_POLICIES = ['off', 'admins', 'everyone'] as const;

export const factorVariables = (environment: Environment) => ({
  FACTOR_SECRET: secret(environment).optional(),
  FACTOR_PREVIOUS_SECRETS: secrets(environment),
  SECOND_FACTOR_REQUIRED: z
    .enum(SECOND_FACTOR_POLICIES, `must be one of ${SECOND_FACTOR_POLICIES.join(', ')}`)
    .default('off'),
  ADMIN_STEP_UP: duration('1m', '1d', '0s', { orZero: true }),
});

export const factorSettings = (env: Values<typeof factorVariables>) => ({
  factors: {
    /** Encrypts the secrets of authenticator apps. If null, the secret of the access tokens does. */
    secret: env.FACTOR_SECRET ?? null,
    previousSecrets: env.FACTOR_PREVIOUS_SECRETS,
    /** Who must have a second factor. */
    required: env.SECOND_FACTOR_REQUIRED,
    /** How long ago an admin may have authenticated before a write. 0 without a limit. */
    adminStepUp: env.ADMIN_STEP_UP,
  },
});
