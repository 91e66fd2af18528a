import { KeyObject } from 'node:crypto';
import { config as loadEnvFile } from 'dotenv';
import { DEVELOPMENT_SECRET, environmentSchema, type Environment } from './env.schema.js';
import { parseWorker, shareOf, WORKER_VARIABLE } from './share.js';

/** The environment has bad or missing values. The message names every one of them. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
}

/** Everything the application may know of its environment. Durations are in milliseconds unless the name says seconds. */
export type Config = ReturnType<typeof parseEnvironment>;

/**
 * Checks a set of environment variables and gives the frozen settings object.
 * An empty variable counts as one that is not set, as Compose files and shells leave them.
 *
 * @throws ConfigurationError naming every bad variable in one message
 */
export function parseEnvironment(variables: Readonly<Record<string, string | undefined>>) {
  const given = Object.fromEntries(
    Object.entries(variables).filter(([, value]) => value !== undefined && value !== ''),
  );
  const result = environmentSchema(environmentOf(given['NODE_ENV'])).safeParse(given);
  if (!result.success) throw new ConfigurationError(describe(result.error.issues));
  const env = result.data;
  const worker = parseWorker(given[WORKER_VARIABLE]);
  return deepFreeze({
    environment: env.NODE_ENV,
    logLevel: env.LOG_LEVEL,
    /** How many processes answer requests. */
    workers: env.WORKERS,
    /** Which of them this one is. Null where it is the only one, or the one that starts them. */
    worker,
    http: {
      host: env.HOST,
      port: env.PORT,
      trustProxy: env.TRUST_PROXY,
      corsOrigins: env.CORS_ORIGINS,
      docsEnabled: env.DOCS_ENABLED,
      accountPagesEnabled: env.ACCOUNT_PAGES_ENABLED,
    },
    database: {
      url: env.DATABASE_URL,
      /** Of this process. */
      poolMax: shareOf(env.DB_POOL_MAX, worker),
      connectTimeout: env.DB_CONNECT_TIMEOUT,
      statementTimeout: env.DB_STATEMENT_TIMEOUT,
      preparedStatements: env.DB_PREPARED_STATEMENTS,
    },
    accessToken: {
      secret: env.JWT_SECRET,
      previousSecrets: env.JWT_PREVIOUS_SECRETS,
      /** Signs in place of the secret. Null where the secret signs. */
      privateKey: env.JWT_PRIVATE_KEY ?? null,
      /** Public keys that verify: of key pairs that signed before, or are going to. */
      verificationKeys: env.JWT_VERIFICATION_KEYS,
      issuer: env.JWT_ISSUER,
      audience: env.JWT_AUDIENCE,
      ttlSeconds: Math.ceil(env.ACCESS_TOKEN_TTL / 1_000),
      usesDevelopmentSecret: env.JWT_SECRET === DEVELOPMENT_SECRET,
    },
    refreshToken: {
      /** Null where it is to be derived from the access tokens' secret. */
      secret: env.REFRESH_SECRET ?? null,
      grace: env.REFRESH_GRACE,
    },
    session: {
      idleTimeout: env.SESSION_IDLE_TIMEOUT,
      absoluteTimeout: env.SESSION_ABSOLUTE_TIMEOUT,
      maxPerUser: env.MAX_SESSIONS_PER_USER,
      limitPolicy: env.SESSION_LIMIT_POLICY,
      /** How long a session stays after its end. */
      retention: env.SESSION_RETENTION,
    },
    password: { bcryptCost: env.BCRYPT_COST },
    recovery: {
      passwordResetTtl: env.PASSWORD_RESET_TTL,
      emailVerificationTtl: env.EMAIL_VERIFICATION_TTL,
      emailVerificationRequired: env.EMAIL_VERIFICATION_REQUIRED,
    },
    rateLimits: {
      enabled: env.RATE_LIMIT_ENABLED,
      quotas: {
        login: { address: env.RATE_LIMIT_LOGIN_ADDRESS, account: env.RATE_LIMIT_LOGIN_ACCOUNT },
        register: { address: env.RATE_LIMIT_REGISTER_ADDRESS, account: env.RATE_LIMIT_REGISTER_ACCOUNT },
        refresh: { address: env.RATE_LIMIT_REFRESH_ADDRESS, account: env.RATE_LIMIT_REFRESH_ACCOUNT },
        forgot: { address: env.RATE_LIMIT_FORGOT_ADDRESS, account: env.RATE_LIMIT_FORGOT_ACCOUNT },
        verify: { address: env.RATE_LIMIT_VERIFY_ADDRESS, account: env.RATE_LIMIT_VERIFY_ACCOUNT },
      },
    },
    /** Null where the database counts for the rate limits. */
    redisUrl: env.REDIS_URL ?? null,
    /** What the product is called, in mails and to the check of passwords. */
    productName: env.PRODUCT_NAME,
    /** Where the links of mails lead, without a slash at the end. */
    publicUrl: env.PUBLIC_URL ?? `http://localhost:${env.PORT}`,
    mail: {
      /** Null where nothing is sent: development shows its mails, and elsewhere they wait. */
      smtpUrl: env.SMTP_URL ?? null,
      smtpTimeout: env.SMTP_TIMEOUT,
      from: env.MAIL_FROM,
      /** How long a mail stays once it is sent or given up. */
      retention: env.MAIL_RETENTION,
    },
    audit: { retention: env.AUDIT_RETENTION },
    /** Null where nothing is pruned on a schedule. */
    pruneInterval: env.PRUNE_INTERVAL || null,
  });
}

/**
 * Reads the environment and, outside production, the `.env` file of the working directory, which never overrides a
 * variable that is set. Nothing else reads `process.env`.
 *
 * @throws ConfigurationError
 */
export function readConfig(): Config {
  if (process.env['NODE_ENV'] !== 'production') loadEnvFile({ quiet: true });
  return parseEnvironment(process.env);
}

function environmentOf(value: unknown): Environment {
  return value === 'production' || value === 'test' ? value : 'development';
}

function describe(issues: readonly { path: readonly PropertyKey[]; message: string }[]): string {
  const lines = issues.map((issue) => `  ${String(issue.path[0])} ${issue.message}`);
  return [
    'The configuration is not valid:',
    ...new Set(lines),
    'See .env.example for every variable and its default.',
  ].join('\n');
}

function deepFreeze<T extends object>(value: T): T {
  for (const child of Object.values(value)) {
    // Nobody can change a key, and it remembers inside what it was asked.
    if (typeof child === 'object' && child !== null && !(child instanceof KeyObject)) deepFreeze(child);
  }
  return Object.freeze(value);
}
