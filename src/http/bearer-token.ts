import type { IncomingMessage } from 'node:http';
import { countHeader } from './header-count.js';

/** RFC 6750 §2.1, with one or more spaces (RFC 9110 §11.4); the scheme's name is case-insensitive. */
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/** The token of a request: from one `Authorization` header in the bearer scheme, and from nowhere else. */
export function bearerToken(request: IncomingMessage): string | null {
  // Node keeps the first of several such headers; a proxy may have looked at the last.
  if (countHeader(request, 'authorization') !== 1) return null;
  return BEARER.exec(request.headers.authorization ?? '')?.[1] ?? null;
}

/** Whether a request tries to use a bearer token at all, well-formed or not. */
export function sendsBearerToken({ headers }: IncomingMessage): boolean {
  return /^Bearer\b/i.test(headers.authorization ?? '');
}
