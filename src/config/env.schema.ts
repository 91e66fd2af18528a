import { isIP } from 'node:net';
import { z } from 'zod';
import { parseDuration } from './duration.js';
import { secretWeakness } from './secret-strength.js';

/** Signs tokens where nobody set a secret. Only ever used outside production, and the start says so. */
export const DEVELOPMENT_SECRET = 'development-only-secret-that-production-refuses';

const ENVIRONMENTS = ['development', 'test', 'production'] as const;
const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

const flag = (fallback: boolean) =>
  z
    .enum(['true', 'false'], 'must be true or false')
    .default(fallback ? 'true' : 'false')
    .transform((value) => value === 'true');

const integer = (min: number, max: number, fallback: number) => {
  const message = `must be a whole number from ${min} to ${max}`;
  return z
    .string()
    .regex(/^\d{1,9}$/, message)
    .transform(Number)
    .refine((value) => value >= min && value <= max, message)
    .default(fallback);
};

/** A duration, in milliseconds once it is read. The bounds and the default are written as a person writes them. */
const duration = (min: string, max: string, fallback: string) => {
  const [least, most] = [milliseconds(min), milliseconds(max)];
  return z
    .string()
    .transform((text, context) => {
      const value = parseDuration(text);
      if (value !== null) return value;
      context.addIssue('must be a duration with a unit, such as 500ms, 10s, 15m, 12h or 30d');
      return z.NEVER;
    })
    .refine((value) => value >= least && value <= most, `must be from ${min} to ${max}`)
    .default(milliseconds(fallback));
};

function milliseconds(text: string): number {
  const value = parseDuration(text);
  if (value === null) throw new Error(`${text} is no duration.`);
  return value;
}

const list = z
  .string()
  .default('')
  .transform((text) => text.split(',').flatMap((item) => item.trim() || []));

const strong = (secret: string, context: z.RefinementCtx) => {
  const weakness = secretWeakness(secret);
  if (weakness) context.addIssue(weakness);
};

const databaseUrl = z
  .string()
  .refine(
    (text) => URL.canParse(text) && /^postgres(ql)?:$/.test(new URL(text).protocol),
    'must be a URL such as postgresql://user:password@host:5432/database',
  );

const origins = list.refine(
  (items) => items.every((item) => URL.canParse(item) && new URL(item).origin === item),
  'must be a comma-separated list of origins, such as https://app.example.com',
);

/** Which proxies may say who the client is: none, a number of hops, or names and networks that Express knows. */
const trustProxy = z
  .string()
  .default('false')
  .transform((text, context): false | number | string[] => {
    if (text === 'false') return false;
    if (/^[1-9]$/.test(text)) return Number(text);
    const items = text.split(',').map((item) => item.trim());
    if (items.every(isProxyAddress)) return items;
    context.addIssue(
      'must be false, a number of hops from 1 to 9, or a list of addresses, networks, loopback, linklocal, uniquelocal',
    );
    return z.NEVER;
  });

function isProxyAddress(item: string): boolean {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(item)) return true;
  const [address = '', bits, ...rest] = item.split('/');
  const version = isIP(address);
  if (version === 0 || rest.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

/**
 * Every variable that Gatehouse reads. What production must say and what it must not depends on the
 * environment, so the schema does too; that way one reading finds every fault at once.
 */
export function environmentSchema(environment: Environment) {
  const production = environment === 'production';
  const required = 'is required in production';
  const secret = z.string().superRefine((value, context) => {
    if (production) strong(value, context);
  });
  return z.object({
    NODE_ENV: z.enum(ENVIRONMENTS, `must be one of ${ENVIRONMENTS.join(', ')}`).default('development'),
    HOST: z.string().default(production ? '0.0.0.0' : '127.0.0.1'),
    PORT: integer(0, 65_535, 3_000),
    TRUST_PROXY: trustProxy,
    CORS_ORIGINS: origins,
    DATABASE_URL: production
      ? z.string(required).pipe(databaseUrl)
      : databaseUrl.default('postgresql://gatehouse:gatehouse@127.0.0.1:5432/gatehouse'),
    DB_POOL_MAX: integer(1, 1_000, 10),
    DB_CONNECT_TIMEOUT: duration('100ms', '1m', '5s'),
    DB_STATEMENT_TIMEOUT: duration('100ms', '10m', '10s'),
    JWT_SECRET: production ? z.string(required).pipe(secret) : secret.default(DEVELOPMENT_SECRET),
    JWT_PREVIOUS_SECRETS: list.superRefine((secrets, context) => {
      if (production) for (const previous of secrets) strong(previous, context);
    }),
    REFRESH_SECRET: secret.optional(),
    JWT_ISSUER: z.string().default('gatehouse'),
    JWT_AUDIENCE: z.string().default('gatehouse'),
    ACCESS_TOKEN_TTL: duration('1s', '1d', '15m'),
    SESSION_IDLE_TIMEOUT: duration('1m', '3650d', '30d'),
    SESSION_ABSOLUTE_TIMEOUT: duration('1m', '3650d', '90d'),
    REFRESH_GRACE: duration('0s', '1m', '10s'),
    // Lower costs exist so that a test suite does not spend its time in bcrypt.
    BCRYPT_COST: integer(environment === 'test' ? 4 : 10, 16, 12),
    DOCS_ENABLED: flag(!production),
    LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
  });
}
