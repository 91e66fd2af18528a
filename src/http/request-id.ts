import type { NextFunction, Request, Response } from 'express';
import { newId } from '../common/id.js';

export const REQUEST_ID = 'X-Request-Id';
const VALID = /^[A-Za-z0-9._-]{1,64}$/;

/** Identifies this process: 42 random bits, at their position in a UUID version 7. */
const PROCESS = newId().slice(15, 28);
let count = 0;
let time = 0;
let prefix = '';

/**
 * Returns a new UUID version 7. Its last 32 bits count the requests of this process (RFC 9562 §6.2), because that is much
 * cheaper than random bytes.
 */
export function newRequestId(): string {
  const now = Date.now();
  if (now !== time) {
    time = now;
    prefix = now.toString(16).padStart(12, '0').replace(/^.{8}/, '$&-');
  }
  count = (count + 1) % 2 ** 32;
  return `${prefix}-7${PROCESS}${count.toString(16).padStart(8, '0')}`;
}

/** Assigns the request ID that the response returns as `X-Request-Id`: the client's own if it is valid, else a new one. */
export function requestId(request: Request, response: Response, next: NextFunction): void {
  const given = request.headers['x-request-id'];
  response.locals['requestId'] = typeof given === 'string' && VALID.test(given) ? given : newRequestId();
  next();
}

/** Returns the request ID, or an empty string if `requestId` has not run. */
export function requestIdOf(response: object): string {
  const { locals } = response as Partial<Pick<Response, 'locals'>>;
  const id: unknown = locals?.['requestId'];
  return typeof id === 'string' ? id : '';
}
