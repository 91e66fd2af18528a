import { z } from 'zod';
import { REQUIRED_IN_PRODUCTION, type Environment, type Values } from '../environment.js';
import { duration } from '../parsers/number.parsers.js';
import { privateKey, publicKeys, secret, secrets } from '../parsers/secret.parsers.js';

/** Signs tokens outside production if `JWT_SECRET` is not set. The start logs a warning. */
export const DEVELOPMENT_SECRET = 'development-only-secret-that-production-refuses';

export const tokenVariables = (environment: Environment) => ({
  JWT_SECRET:
    environment === 'production'
      ? z.string(REQUIRED_IN_PRODUCTION).pipe(secret(environment))
      : secret(environment).default(DEVELOPMENT_SECRET),
  JWT_PREVIOUS_SECRETS: secrets(environment),
  JWT_PRIVATE_KEY: privateKey.optional(),
  JWT_VERIFICATION_KEYS: publicKeys,
  REFRESH_SECRET: secret(environment).optional(),
  JWT_ISSUER: z.string().default('gatehouse'),
  JWT_AUDIENCE: z.string().default('gatehouse'),
  ACCESS_TOKEN_TTL: duration('1s', '1d', '15m'),
  REFRESH_GRACE: duration('0s', '1m', '10s'),
});

export const tokenSettings = (env: Values<typeof tokenVariables>) => ({
  accessToken: {
    secret: env.JWT_SECRET,
    previousSecrets: env.JWT_PREVIOUS_SECRETS,
    /** Signs instead of the secret. Null if the secret signs. */
    privateKey: env.JWT_PRIVATE_KEY ?? null,
    /** The public keys of previous and upcoming key pairs. They only verify. */
    verificationKeys: env.JWT_VERIFICATION_KEYS,
    issuer: env.JWT_ISSUER,
    audience: env.JWT_AUDIENCE,
    ttlSeconds: Math.ceil(env.ACCESS_TOKEN_TTL / 1_000),
    usesDevelopmentSecret: env.JWT_SECRET === DEVELOPMENT_SECRET,
  },
  refreshToken: {
    /** If null, the key is derived from the secret of the access tokens. */
    secret: env.REFRESH_SECRET ?? null,
    grace: env.REFRESH_GRACE,
  },
});
