import { z } from 'zod';
import { parseDatabaseUrl, UnusableUrlError } from '../database-url.js';
import { REQUIRED_IN_PRODUCTION, type Environment, type Values } from '../environment.js';
import { duration, integer } from '../parsers/number.parsers.js';
import { flag } from '../parsers/text.parsers.js';
import { shareOf, type Worker } from '../share.js';
import { ENCODE_CREDENTIALS, hasBrokenCredentials } from '../url-credentials.js';

/** How much longer the client waits for a statement than the server. It expires only if the server stops responding. */
const CLIENT_MARGIN_MS = 1_000;

/** The servers of the database, and a connection string. */
const databaseUrl = z.string().transform((text, context) => {
  if (hasBrokenCredentials(text)) {
    context.addIssue(ENCODE_CREDENTIALS);
    return z.NEVER;
  }
  try {
    return parseDatabaseUrl(text);
  } catch (error) {
    if (!(error instanceof UnusableUrlError)) throw error;
    context.addIssue(error.message);
    return z.NEVER;
  }
});

export const databaseVariables = (environment: Environment) => ({
  DATABASE_URL:
    environment === 'production'
      ? z.string(REQUIRED_IN_PRODUCTION).pipe(databaseUrl)
      : databaseUrl.prefault('postgresql://gatehouse:gatehouse@127.0.0.1:5432/gatehouse'),
  DB_POOL_MAX: integer(1, 1_000, 10),
  DB_CONNECT_TIMEOUT: duration('100ms', '1m', '5s'),
  DB_STATEMENT_TIMEOUT: duration('100ms', '10m', '10s', { orZero: true }),
  DB_PREPARED_STATEMENTS: flag(true),
  DB_TRACE_COMMENTS: flag(false),
});

type DatabaseValues = Values<typeof databaseVariables> & { readonly REQUEST_TIMEOUT: number };

export const databaseSettings = (env: DatabaseValues, worker: Worker | null) => ({
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
});
