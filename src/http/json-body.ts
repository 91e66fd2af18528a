import { isUtf8 } from 'node:buffer';
import { json, type Request, type RequestHandler } from 'express';
import { BadRequestError, MalformedBodyError, PayloadTooLargeError, UnsupportedMediaTypeError } from './edge.errors.js';

const MEDIA_TYPE = 'application/json';
/** 100 kB, in bytes. */
export const BODY_LIMIT = 102_400;

/**
 * Reads JSON bodies, and refuses what is not JSON. `formPaths` are left alone: their routes read their own bodies.
 *
 * It runs before the guards on purpose. A body that trickles in after its session was checked would carry out
 * its request after that session was revoked; this way the check comes when the request is complete.
 */
export function jsonBody(formPaths: readonly string[]): RequestHandler {
  const parse = json({ limit: BODY_LIMIT, type: MEDIA_TYPE, inflate: false, verify: requireUtf8 });
  return (request, response, next) => {
    if (formPaths.includes(request.path) || !hasBody(request)) next();
    else if (Number(request.headers['content-length']) > BODY_LIMIT) {
      // Nobody reads what is announced as too much, so the connection is of no further use.
      response.setHeader('Connection', 'close');
      next(new PayloadTooLargeError());
    } else if (!request.is(MEDIA_TYPE)) next(new UnsupportedMediaTypeError());
    else parse(request, response, (error?: unknown) => next(error instanceof Error ? bodyError(error) : error));
  };
}

/** Gives what goes wrong in Express's body parsers the names of this API. */
export function bodyError(error: Error): Error {
  const status = 'status' in error ? error.status : undefined;
  const type = 'type' in error ? error.type : undefined;
  if (status === 413) return new PayloadTooLargeError();
  if (status === 415 || type === 'charset.unsupported') return new UnsupportedMediaTypeError();
  if (type === 'entity.parse.failed' || type === 'entity.verify.failed') return new MalformedBodyError();
  return status === 400 ? new BadRequestError('The body did not arrive as announced.') : error;
}

/** Whether a body follows. Clients announce an empty one on a POST without a body, and give it no type. */
function hasBody(request: Request): boolean {
  const { 'transfer-encoding': encoding, 'content-length': length } = request.headers;
  return encoding !== undefined || (length !== undefined && length !== '0');
}

/** Bytes that are no UTF-8 would all become the same replacement character, and different passwords one. */
function requireUtf8(_request: unknown, _response: unknown, body: Buffer, encoding: string): void {
  if (encoding !== 'utf-8') throw Object.assign(new Error('not UTF-8'), { type: 'charset.unsupported' });
  if (!isUtf8(body)) throw new Error('not UTF-8');
}
