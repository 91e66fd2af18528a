import type { IncomingMessage } from 'node:http';

/** The cookie with the refresh token of a browser. Browsers store this name only with `Secure`. */
export const REFRESH_COOKIE = '__Secure-refresh';

/**
 * Returns the different values of the cookies with this name (RFC 6265 §4.2.1), without quotes. An empty cookie counts as
 * missing.
 */
export function cookieValues({ headers }: Pick<IncomingMessage, 'headers'>, name: string): readonly string[] {
  const values = new Set<string>();
  for (const pair of headers.cookie?.split(';') ?? []) {
    const separator = pair.indexOf('=');
    if (separator < 0 || pair.slice(0, separator).trim() !== name) continue;
    const value = pair.slice(separator + 1).trim();
    values.add(value.length > 1 && value.startsWith('"') && value.endsWith('"') ? value.slice(1, -1) : value);
  }
  values.delete('');
  return [...values];
}
