import type { IncomingHttpHeaders } from 'node:http';
import type { Config } from '../config/env.js';
import { matchesOrigin } from '../config/origin.js';

/** Returns whether a request comes from a page of the server itself, of `PUBLIC_URL` or of `CORS_ORIGINS`. */
export function hasAllowedOrigin(headers: IncomingHttpHeaders, { http, publicUrl }: Config): boolean {
  return isFrom(headers, [...http.corsOrigins, new URL(publicUrl).origin]);
}

/**
 * Does the same, without the patterns of `CORS_ORIGINS`. Such a page may use the refresh cookie. A pattern admits
 * subdomains that may belong to other people.
 */
export function hasCookieOrigin(headers: IncomingHttpHeaders, { http, publicUrl }: Config): boolean {
  return isFrom(headers, [...http.corsOrigins.filter((origin) => !origin.includes('*')), new URL(publicUrl).origin]);
}

function isFrom({ origin, host }: IncomingHttpHeaders, patterns: readonly string[]): boolean {
  if (origin === undefined) return false;
  const isOwn = URL.canParse(origin) && new URL(origin).host === host;
  return isOwn || patterns.some((pattern) => matchesOrigin(pattern, origin));
}
