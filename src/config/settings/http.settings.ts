import { isIP } from 'node:net';
import { z } from 'zod';
import type { Environment, Values } from '../environment.js';
import { isOriginPattern } from '../origin.js';
import { duration, integer, optionalInteger } from '../parsers/number.parsers.js';
import { flag, list } from '../parsers/text.parsers.js';
import { url } from '../parsers/url.parser.js';
import { shareOf, type Worker } from '../share.js';

/** The default of MAX_CONNECTIONS, in addition to MAX_STREAMS. */
const DEFAULT_OTHER_CONNECTIONS = 10_000;

const origins = list.refine(
  (items) => items.every(isOriginPattern),
  'must be a comma-separated list of origins without a slash at the end, such as https://app.example.com or ' +
    'https://*.example.com',
);

/** The prefix of a path, such as `/api/v1`. */
const pathPrefix = z
  .string()
  .regex(/^(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$/, 'must be a path without a trailing slash, such as /api/v1')
  .default('');

/** The proxies whose `X-Forwarded-For` is trusted: none, a number of hops, or IP addresses and networks. */
const trustProxy = z
  .string()
  .default('false')
  .transform((text, context): false | number | string[] => {
    if (text === 'false') return false;
    if (/^[1-9]$/.test(text)) return Number(text);
    const items = text.split(',').map((item) => item.trim());
    if (items.every(isProxyAddress)) return items;
    context.addIssue(
      'must be false, a number of hops from 1 to 9, or a list of IP addresses, networks, loopback, linklocal, uniquelocal',
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

const httpUrl = url(/^https?:\/\/[^/]\S*$/, 'https://app.example.com/account/password');

const securityContact = url(/^(https:\/\/|mailto:|tel:)\S+$/, 'mailto:security@example.com');

export const httpVariables = (environment: Environment) => ({
  HOST: z.string().default(environment === 'production' ? '0.0.0.0' : '127.0.0.1'),
  PORT: integer(0, 65_535, 3_000),
  TRUST_PROXY: trustProxy,
  CORS_ORIGINS: origins,
  API_PREFIX: pathPrefix,
  REQUEST_TIMEOUT: duration('1s', '1h', '15s'),
  UPLOAD_TIMEOUT: duration('1s', '1d', '1m'),
  METRICS_PORT: optionalInteger(0, 65_535),
  METRICS_HOST: z.string().default('127.0.0.1'),
  MAX_CONNECTIONS: optionalInteger(1, 2_000_000),
  MAX_CONNECTIONS_PER_CLIENT: optionalInteger(1, 1_000_000),
  KEEP_ALIVE_TIMEOUT: duration('1s', '1h', '65s'),
  SHUTDOWN_DELAY: duration('0s', '5m', environment === 'production' ? '5s' : '0s'),
  DOCS_ENABLED: flag(environment !== 'production'),
  ACCOUNT_PAGES_ENABLED: flag(true),
  CHANGE_PASSWORD_URL: httpUrl.optional(),
  SECURITY_CONTACT: securityContact.optional(),
});

/** Streams are connections, too. */
type HttpValues = Values<typeof httpVariables> & { readonly MAX_STREAMS: number };

/** Returns the maximum connections of an instance. */
export const maxConnectionsOf = (env: Pick<HttpValues, 'MAX_CONNECTIONS' | 'MAX_STREAMS'>): number =>
  env.MAX_CONNECTIONS ?? env.MAX_STREAMS + DEFAULT_OTHER_CONNECTIONS;

export const httpSettings = (env: HttpValues, worker: Worker | null) => {
  const maxConnections = maxConnectionsOf(env);
  const clientConnections = Math.max(1, Math.min(1_000, Math.floor(maxConnections / 8)));
  return {
    http: {
      host: env.HOST,
      port: env.PORT,
      trustProxy: env.TRUST_PROXY,
      corsOrigins: env.CORS_ORIGINS,
      /** Precedes the paths of all controllers. Empty by default. */
      apiPrefix: env.API_PREFIX,
      requestTimeout: env.REQUEST_TIMEOUT,
      /** For this process, like the next one. */
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
  };
};
