import { isUtf8 } from 'node:buffer';
import { json, type Request, type RequestHandler } from 'express';
import { BadRequestError, MalformedBodyError, PayloadTooLargeError, UnsupportedMediaTypeError } from './http.errors.js';

const MEDIA_TYPE = 'application/json';
export const MAX_BODY_BYTES = 102_400;

/**
 * Reads JSON bodies and rejects all others. Skips `formPaths`, whose routes read their own bodies.
 *
 * Runs before the guards. Otherwise a client could send the body slowly, and the request would succeed although its
 * session was revoked in the meantime.
 */
export function jsonBody(formPaths: readonly string[]): RequestHandler {
  const parse = json({ limit: MAX_BODY_BYTES, type: MEDIA_TYPE, inflate: false, verify: requireUtf8 });
  return (request, response, next) => {
    if (formPaths.includes(request.path) || !hasBody(request)) next();
    else if (Number(request.headers['content-length']) > MAX_BODY_BYTES) {
      // The body stays unread, so the connection cannot be used again.
      response.setHeader('Connection', 'close');
      next(new PayloadTooLargeError());
    } else if (!request.is(MEDIA_TYPE)) next(new UnsupportedMediaTypeError());
    else parse(request, response, (error?: unknown) => next(error instanceof Error ? bodyError(error) : error));
  };
}

/** Converts an error of Express's body parsers to a domain error. */
export function bodyError(error: Error): Error {
  const status = 'status' in error ? error.status : undefined;
  const type = 'type' in error ? error.type : undefined;
  if (status === 413) return new PayloadTooLargeError();
  if (status === 415 || type === 'charset.unsupported') return new UnsupportedMediaTypeError();
  if (type === 'entity.parse.failed' || type === 'entity.verify.failed') return new MalformedBodyError();
  return status === 400 ? new BadRequestError('The body does not match its Content-Length.') : error;
}

/** Returns whether a request has a body. A POST without one often has `Content-Length: 0` and no type. */
function hasBody(request: Request): boolean {
  const { 'transfer-encoding': encoding, 'content-length': length } = request.headers;
  return encoding !== undefined || (length !== undefined && length !== '0');
}

/** Rejects invalid UTF-8. Decoding would replace all invalid bytes by one character, so different passwords would match. */
function requireUtf8(_request: unknown, _response: unknown, body: Buffer, encoding: string): void {
  if (encoding !== 'utf-8') throw Object.assign(new Error('not UTF-8'), { type: 'charset.unsupported' });
  if (!isUtf8(body)) throw new Error('not UTF-8');
}
