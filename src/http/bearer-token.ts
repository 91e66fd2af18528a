import type { IncomingMessage } from 'node:http';
import { countHeader } from './header-count.js';

/** RFC 6750 §2.1. RFC 9110 §11.4 allows several spaces and makes the scheme case-insensitive. */
const BEARER = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/** Returns the token of the only `Authorization` header. Tokens elsewhere are ignored. */
export function bearerToken(request: IncomingMessage): string | null {
  // Node keeps the first of several headers, but a proxy may have checked the last.
  if (countHeader(request, 'authorization') !== 1) return null;
  return BEARER.exec(request.headers.authorization ?? '')?.[1] ?? null;
}

/** Returns whether a request has a bearer token, well-formed or not. */
export function sendsBearerToken({ headers }: IncomingMessage): boolean {
  return /^Bearer\b/i.test(headers.authorization ?? '');
}
