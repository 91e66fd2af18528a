import { z } from 'zod';
import {
  databaseUrl,
  duration,
  flag,
  httpUrl,
  integer,
  line,
  list,
  optionalInteger,
  origins,
  pathPrefix,
  privateKey,
  publicKeys,
  publicUrl,
  quota,
  redisUrl,
  securityContact,
  sender,
  smtpUrl,
  requireStrongSecret,
  trustProxy,
  workers,
} from './env.parsers.js';

/** Signs tokens outside production if `JWT_SECRET` is not set. The start logs a warning. */
export const DEVELOPMENT_SECRET = 'development-only-secret-that-production-refuses';

const ENVIRONMENTS = ['development', 'test', 'production'] as const;
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const SESSION_LIMIT_POLICIES = ['evict_oldest', 'reject'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

/** Returns the schema of all environment variables. Production requires more of them, and rejects weak secrets. */
export function environmentSchema(environment: Environment) {
  const production = environment === 'production';
  const required = 'is required in production';
  const secret = z.string().superRefine((value, context) => {
    if (production) requireStrongSecret(value, context);
  });
  const variables = z.object({
    NODE_ENV: z.enum(ENVIRONMENTS, `must be one of ${ENVIRONMENTS.join(', ')}`).default('development'),
    WORKERS: workers,
    HOST: z.string().default(production ? '0.0.0.0' : '127.0.0.1'),
    PORT: integer(0, 65_535, 3_000),
    TRUST_PROXY: trustProxy,
    CORS_ORIGINS: origins,
    API_PREFIX: pathPrefix,
    REQUEST_TIMEOUT: duration('1s', '1h', '15s'),
    MAX_CONNECTIONS: optionalInteger(1, 2_000_000),
    MAX_CONNECTIONS_PER_CLIENT: optionalInteger(1, 1_000_000),
    UPLOAD_TIMEOUT: duration('1s', '1d', '1m'),
    METRICS_PORT: optionalInteger(0, 65_535),
    METRICS_HOST: z.string().default('127.0.0.1'),
    KEEP_ALIVE_TIMEOUT: duration('1s', '1h', '65s'),
    SHUTDOWN_DELAY: duration('0s', '5m', production ? '5s' : '0s'),
    DATABASE_URL: production
      ? z.string(required).pipe(databaseUrl)
      : databaseUrl.prefault('postgresql://gatehouse:gatehouse@127.0.0.1:5432/gatehouse'),
    DB_POOL_MAX: integer(1, 1_000, 10),
    DB_CONNECT_TIMEOUT: duration('100ms', '1m', '5s'),
    DB_STATEMENT_TIMEOUT: duration('100ms', '10m', '10s', { orZero: true }),
    DB_PREPARED_STATEMENTS: flag(true),
    DB_TRACE_COMMENTS: flag(false),
    JWT_SECRET: production ? z.string(required).pipe(secret) : secret.default(DEVELOPMENT_SECRET),
    JWT_PREVIOUS_SECRETS: list.superRefine((secrets, context) => {
      if (production) for (const previous of secrets) requireStrongSecret(previous, context);
    }),
    JWT_PRIVATE_KEY: privateKey.optional(),
    JWT_VERIFICATION_KEYS: publicKeys,
    REFRESH_SECRET: secret.optional(),
    JWT_ISSUER: z.string().default('gatehouse'),
    JWT_AUDIENCE: z.string().default('gatehouse'),
    ACCESS_TOKEN_TTL: duration('1s', '1d', '15m'),
    SESSION_IDLE_TIMEOUT: duration('1m', '3650d', '30d'),
    SESSION_ABSOLUTE_TIMEOUT: duration('1m', '3650d', '90d'),
    MAX_SESSIONS_PER_USER: integer(1, 10_000, 50),
    SESSION_RETENTION: duration('0s', '3650d', '30d'),
    MAX_STREAMS: integer(1, 1_000_000, 10_000),
    MAX_STREAMS_PER_SESSION: integer(1, 10_000, 50),
    SESSION_LIMIT_POLICY: z
      .enum(SESSION_LIMIT_POLICIES, `must be one of ${SESSION_LIMIT_POLICIES.join(', ')}`)
      .default('evict_oldest'),
    REFRESH_GRACE: duration('0s', '1m', '10s'),
    // Tests use lower costs to save time.
    BCRYPT_COST: integer(environment === 'test' ? 4 : 10, 16, 12),
    PASSWORD_RESET_TTL: duration('1m', '1d', '1h'),
    EMAIL_VERIFICATION_TTL: duration('1m', '30d', '1d'),
    EMAIL_VERIFICATION_REQUIRED: flag(false),
    PRODUCT_NAME: line.default('Gatehouse'),
    PUBLIC_URL: publicUrl.optional(),
    SMTP_URL: smtpUrl.optional(),
    SMTP_TIMEOUT: duration('100ms', '5m', '30s'),
    MAIL_FROM: sender,
    MAIL_RETENTION: duration('0s', '3650d', '7d'),
    AUDIT_RETENTION: duration('1d', '3650d', '400d'),
    PRUNE_INTERVAL: duration('0s', '7d', '1h'),
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
    REDIS_URL: redisUrl.optional(),
    DOCS_ENABLED: flag(!production),
    ACCOUNT_PAGES_ENABLED: flag(true),
    CHANGE_PASSWORD_URL: httpUrl.optional(),
    SECURITY_CONTACT: securityContact.optional(),
    LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
  });
  return variables
    .refine(({ PORT, WORKERS }) => PORT > 0 || WORKERS === 1, {
      path: ['PORT'],
      error: 'must not be 0 with several WORKERS, because each would get a different port',
      when: areValid('PORT', 'WORKERS'),
    })
    .refine(({ SMTP_URL, PUBLIC_URL }) => !production || SMTP_URL === undefined || PUBLIC_URL !== undefined, {
      path: ['PUBLIC_URL'],
      error: `${required} with SMTP_URL, because the links in mails would lead to localhost`,
      // Also with an invalid SMTP_URL.
      when: areValid('PUBLIC_URL'),
    })
    .refine(({ PORT, METRICS_PORT }) => PORT === 0 || PORT !== METRICS_PORT, {
      path: ['METRICS_PORT'],
      error: 'must differ from PORT, because the metrics are not public',
      when: areValid('PORT', 'METRICS_PORT'),
    });
}

/** Checks a rule although unrelated variables are invalid, so that one message lists all problems. */
const areValid =
  (...names: readonly string[]) =>
  ({ issues }: z.core.ParsePayload) =>
    !issues.some(({ path }) => names.includes(String(path?.[0])));
