import type { NextFunction, Request, Response } from 'express';
import { newId } from '../id.js';

const HEADER = 'X-Request-Id';
const SANE = /^[A-Za-z0-9._-]{1,64}$/;

/** Gives every answer an `X-Request-Id`: the caller's own if it is sane, else a new one. No answer may be stored. */
export function requestId(request: Request, response: Response, next: NextFunction): void {
  const given = request.headers['x-request-id'];
  response.setHeader(HEADER, typeof given === 'string' && SANE.test(given) ? given : newId());
  response.setHeader('Cache-Control', 'no-store');
  next();
}

/** The id that an answer carries; empty where the request never got as far as having one. */
export function requestIdOf(response: { getHeader(name: string): unknown }): string {
  const id = response.getHeader(HEADER);
  return typeof id === 'string' ? id : '';
}
