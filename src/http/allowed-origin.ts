import type { IncomingHttpHeaders } from 'node:http';
import type { Config } from '../config/env.js';
import { matchesOrigin } from '../config/origin.js';

/** Returns whether a request comes from a page of the server itself, of `PUBLIC_URL` or of `CORS_ORIGINS`. */
export function hasAllowedOrigin(headers: IncomingHttpHeaders, { http, publicUrl }: Config): boolean {
  return isFrom(headers, http.corsOrigins, new URL(publicUrl));
}

/**
 * Returns whether the page of a request may use the refresh cookie. Ignores the patterns of `CORS_ORIGINS`, because they
 * admit subdomains that may belong to other people.
 */
export function hasCookieOrigin(headers: IncomingHttpHeaders, { http, publicUrl }: Config): boolean {
  return isFrom(
    headers,
    http.corsOrigins.filter((origin) => !origin.includes('*')),
    new URL(publicUrl),
  );
}

function isFrom({ origin, host }: IncomingHttpHeaders, patterns: readonly string[], publicUrl: URL): boolean {
  if (origin === undefined) return false;
  if (origin === publicUrl.origin) return true;
  return isOwn(origin, host, publicUrl) || patterns.some((pattern) => matchesOrigin(pattern, origin));
}

/** Returns whether a page is from the server itself. Someone in the network can serve any page over `http`. */
function isOwn(origin: string, host: string | undefined, publicUrl: URL): boolean {
  if (!URL.canParse(origin)) return false;
  const url = new URL(origin);
  const isDowngrade = url.protocol === 'http:' && publicUrl.protocol === 'https:' && publicUrl.host === host;
  return url.origin === origin && url.host === host && !isDowngrade;
}
