import { KeyObject } from 'node:crypto';
import { config as loadEnvFile } from 'dotenv';
import { DEVELOPMENT_SECRET, environmentSchema, type Environment } from './env.schema.js';
import { parseWorker, shareOf, WORKER_VARIABLE } from './share.js';
import { FILE_SUFFIX, readVariableFiles, type VariableProblem } from './variable-files.js';

/** How much longer the client waits for a statement than the server. It expires only if the server stops responding. */
const CLIENT_MARGIN_MS = 1_000;
/** The default of MAX_CONNECTIONS, in addition to MAX_STREAMS. */
const DEFAULT_OTHER_CONNECTIONS = 10_000;

/** Environment variables are invalid or missing. The message lists all of them, without their values. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';

  /** @param problems such as `PORT must be a whole number from 0 to 65535` */
  constructor(readonly problems: readonly string[]) {
    const lines = problems.map((problem) => `  ${problem}`);
    super(
      ['The configuration is not valid:', ...lines, 'See .env.example for every variable and its default.'].join('\n'),
    );
  }
}

/** All settings. Durations are in milliseconds unless the name says otherwise. */
export type Config = ReturnType<typeof parseEnvironment>;

/**
 * Validates environment variables and returns the frozen settings. An empty variable counts as unset, because Compose
 * files and shells create them. `NAME_FILE` is the path of a file with the value of `NAME`, except for `NODE_ENV`.
 *
 * @throws ConfigurationError with all invalid variables
 */
export function parseEnvironment(variables: Readonly<Record<string, string | undefined>>) {
  const given = Object.fromEntries(
    Object.entries(variables).filter((entry): entry is [string, string] => entry[1] !== undefined && entry[1] !== ''),
  );
  const schema = environmentSchema(environmentOf(given['NODE_ENV']));
  const files = readVariableFiles(given, fileNames(schema.shape));
  const result = schema.safeParse(files.values);
  if (!result.success || files.problems.length > 0) {
    throw new ConfigurationError(describe(files.problems, result.error?.issues ?? []));
  }
  const env = result.data;
  const worker = parseWorker(given[WORKER_VARIABLE]);
  const maxConnections = env.MAX_CONNECTIONS ?? env.MAX_STREAMS + DEFAULT_OTHER_CONNECTIONS;
  const clientConnections = Math.max(1, Math.min(1_000, Math.floor(maxConnections / 8)));
  return deepFreeze({
    environment: env.NODE_ENV,
    logLevel: env.LOG_LEVEL,
    /** The number of processes that serve requests. */
    workers: env.WORKERS,
    /** This process among them. Null if it is the only one or starts the others. */
    worker,
    http: {
      host: env.HOST,
      port: env.PORT,
      trustProxy: env.TRUST_PROXY,
      corsOrigins: env.CORS_ORIGINS,
      /** Precedes the paths of all controllers. Empty by default. */
      apiPrefix: env.API_PREFIX,
      requestTimeout: env.REQUEST_TIMEOUT,
      /** For this process, like the next one. Streams are connections, too. */
      maxConnections: shareOf(maxConnections, worker),
      maxConnectionsPerClient: shareOf(env.MAX_CONNECTIONS_PER_CLIENT ?? clientConnections, worker),
      uploadTimeout: env.UPLOAD_TIMEOUT,
      /** The time until an idle connection is closed. */
      keepAliveTimeout: env.KEEP_ALIVE_TIMEOUT,
      /** The time from a signal until the listener closes. */
      shutdownDelay: env.SHUTDOWN_DELAY,
      docsEnabled: env.DOCS_ENABLED,
      accountPagesEnabled: env.ACCOUNT_PAGES_ENABLED,
      /** The target of `/.well-known/change-password`. */
      changePasswordUrl: env.CHANGE_PASSWORD_URL,
      /** The contact in `/.well-known/security.txt`. */
      securityContact: env.SECURITY_CONTACT,
    },
    metrics: {
      host: env.METRICS_HOST,
      /** If null, there are no metrics. */
      port: env.METRICS_PORT,
    },
    database: {
      /** The connection string for the first server. */
      url: env.DATABASE_URL.url,
      /** In the order of preference. */
      servers: env.DATABASE_URL.servers,
      /** For this process. */
      poolMax: shareOf(env.DB_POOL_MAX, worker),
      connectTimeout: env.DB_CONNECT_TIMEOUT,
      /** What the server gets. With 0, the role or the pooler sets a timeout. */
      statementTimeout: env.DB_STATEMENT_TIMEOUT,
      /** How long a statement may take for the client, which waits longer in case the server stops responding. */
      queryTimeout: env.DB_STATEMENT_TIMEOUT > 0 ? env.DB_STATEMENT_TIMEOUT + CLIENT_MARGIN_MS : env.REQUEST_TIMEOUT,
      preparedStatements: env.DB_PREPARED_STATEMENTS,
      traceComments: env.DB_TRACE_COMMENTS,
    },
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
    session: {
      idleTimeout: env.SESSION_IDLE_TIMEOUT,
      absoluteTimeout: env.SESSION_ABSOLUTE_TIMEOUT,
      maxPerUser: env.MAX_SESSIONS_PER_USER,
      limitPolicy: env.SESSION_LIMIT_POLICY,
      /** The time until an ended session is deleted. */
      retention: env.SESSION_RETENTION,
    },
    streams: {
      /** For this process. */
      max: shareOf(env.MAX_STREAMS, worker),
      maxPerSession: env.MAX_STREAMS_PER_SESSION,
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
    /** If null, the database counts for the rate limits. */
    redisUrl: env.REDIS_URL ?? null,
    /** Used in mails and pages. Passwords must not contain it. */
    productName: env.PRODUCT_NAME,
    /** The base URL of the links in mails, without a trailing slash. */
    publicUrl: env.PUBLIC_URL ?? `http://localhost:${env.PORT}`,
    mail: {
      /** If null, no mail is sent. Development logs the mails, and elsewhere they wait. */
      smtpUrl: env.SMTP_URL ?? null,
      smtpTimeout: env.SMTP_TIMEOUT,
      from: env.MAIL_FROM,
      /** The time until a mail is deleted after it was sent or has failed. */
      retention: env.MAIL_RETENTION,
    },
    audit: { retention: env.AUDIT_RETENTION },
    /** If null, there is no scheduled pruning. */
    pruneInterval: env.PRUNE_INTERVAL || null,
  });
}

/**
 * Reads the environment and, outside production, the `.env` file of the working directory, which never overrides a
 * variable that is set. Only this function reads `process.env`.
 *
 * @throws ConfigurationError
 */
export function readConfig(): Config {
  if (process.env['NODE_ENV'] !== 'production') loadEnvFile({ quiet: true });
  return parseEnvironment(process.env);
}

/** Returns all variables but `NODE_ENV`, which other code reads from the environment. */
const fileNames = (shape: object) => Object.keys(shape).filter((name) => name !== 'NODE_ENV');

function environmentOf(value: unknown): Environment {
  return value === 'production' || value === 'test' ? value : 'development';
}

/** Returns one line per problem. A variable whose file is unusable is not missing as well. */
function describe(
  problems: readonly VariableProblem[],
  issues: readonly { path: readonly PropertyKey[]; message: string }[],
): string[] {
  const unread = new Set(problems.map(({ variable }) => variable));
  const others = issues
    .map(({ path, message }) => ({ variable: String(path[0]), message }))
    .filter(({ variable }) => !unread.has(variable + FILE_SUFFIX));
  return [...new Set([...problems, ...others].map(({ variable, message }) => `${variable} ${message}`))];
}

function deepFreeze<T extends object>(value: T): T {
  for (const child of Object.values(value)) {
    // Keys are immutable, but cache their details in the object.
    if (typeof child === 'object' && child !== null && !(child instanceof KeyObject)) deepFreeze(child);
  }
  return Object.freeze(value);
}
