import type { NextFunction, Request, Response } from 'express';
import { newId } from '../common/id.js';

export const REQUEST_ID = 'X-Request-Id';
const SANE = /^[A-Za-z0-9._-]{1,64}$/;

/** Tells this process from every other one: 42 random bits, in their places of a UUID of version 7. */
const PROCESS = newId().slice(15, 28);
let count = 0;
let time = 0;
let prefix = '';

/**
 * A new id of a request: a UUID version 7 whose last digits count the requests of this process (RFC 9562 §6.2), which
 * costs next to nothing where drawing 16 random bytes for each would not.
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

/**
 * Gives every request an id, which its answer carries as `X-Request-Id`: the caller's own if it is sane, else a new one.
 */
export function requestId(request: Request, response: Response, next: NextFunction): void {
  const given = request.headers['x-request-id'];
  response.locals['requestId'] = typeof given === 'string' && SANE.test(given) ? given : newRequestId();
  next();
}

/** Empty for a request that never got there. */
export function requestIdOf(response: object): string {
  const { locals } = response as Partial<Pick<Response, 'locals'>>;
  const id: unknown = locals?.['requestId'];
  return typeof id === 'string' ? id : '';
}
