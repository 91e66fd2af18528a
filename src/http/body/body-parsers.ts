import { isUtf8 } from 'node:buffer';
import { json, raw, text, urlencoded, type Request, type RequestHandler, type Response } from 'express';
import {
  BadRequestError,
  JSON_TYPE,
  MalformedBodyError,
  MAX_BODY_BYTES,
  PayloadTooLargeError,
  UnsupportedMediaTypeError,
} from '../http.errors.js';

export const FORM_TYPE = 'application/x-www-form-urlencoded';

/** The parameter of a media type, with or without quotes. */
const UTF8 = /(;\s*charset=)(?:utf8|"utf8")(?=\s*(?:;|$))/i;
/** The metadata key of the middleware that reads the body of a route, or leaves it to an interceptor. */
export const BODY_READER = 'gatehouse:body-reader';

/** The parsers of Express that we use, with the options that they share. */
type Parser = (options: {
  type: string[];
  limit: number;
  inflate: boolean;
  /** Whether JSON must be an object or an array. */
  strict: false;
  verify: (request: Request, response: unknown, body: Buffer, encoding: string) => void;
}) => RequestHandler;

/** A request with the bytes of its body. Handlers use the type of the same name from Nest. */
interface RawBodyRequest extends Request {
  rawBody?: Buffer;
}

/** A request whose route decides about an invalid body. */
export interface LenientBodyRequest extends Request {
  bodyError?: Error;
}

/** Reads JSON bodies and rejects all others. */
export const readJson: RequestHandler = bodyParser(json, [JSON_TYPE], MAX_BODY_BYTES, requireUtf8);

/** Reads a body that no parameter declares if it is JSON, and ignores all others. */
export const readUndeclared = ignoring([MalformedBodyError, PayloadTooLargeError, UnsupportedMediaTypeError]);

/** Reads a JSON body, and ignores bodies of other types. Stores the error of an invalid body in `request.bodyError`. */
export const readLeniently = ignoring([UnsupportedMediaTypeError, MalformedBodyError, PayloadTooLargeError]);

/** Returns `readJson` without these errors, for which the body counts as missing. */
function ignoring(errors: readonly (new () => Error)[]): RequestHandler {
  return (request: LenientBodyRequest, response, next) => {
    readJson(request, response, (error?: unknown) => {
      if (!(error instanceof Error) || !errors.some((type) => error instanceof type)) return next(error);
      closeIfLong(request, response, MAX_BODY_BYTES);
      if (!(error instanceof UnsupportedMediaTypeError)) request.bodyError = error;
      next();
    });
  };
}

/** Returns a middleware that reads bodies of these media types as a string in `request.body`. */
export function textParser(types: readonly string[], maxBytes: number): RequestHandler {
  const read = bodyParser(text, types, maxBytes, requireUtf8);
  return (request, response, next) => {
    request.body = '';
    read(request, response, next);
  };
}

/** Returns a middleware that reads forms. Repeated fields are arrays. */
export function formParser(maxBytes: number): RequestHandler {
  const parser: Parser = (options) => urlencoded({ ...options, extended: false, parameterLimit: 32 });
  return bodyParser(parser, [FORM_TYPE], maxBytes, requireUtf8);
}

/** Returns a middleware that reads bodies of these media types as bytes in `request.rawBody`. Also parses JSON. */
export function rawParser(types: readonly string[], maxBytes: number): RequestHandler {
  const readParsed = bodyParser(json, types, maxBytes, (request: RawBodyRequest, response, body, encoding) => {
    requireUtf8(request, response, body, encoding);
    request.rawBody = body;
  });
  const readBytes = bodyParser(raw, types, maxBytes, (request: RawBodyRequest, _response, body) => {
    request.rawBody = body;
  });
  return (request: RawBodyRequest, response, next) => {
    request.rawBody = Buffer.alloc(0);
    if (request.is([JSON_TYPE, '+json'])) return readParsed(request, response, next);
    return readBytes(request, response, (error?: unknown) => {
      request.body = undefined;
      next(error);
    });
  };
}

/** Converts an error of Express's body parsers to a domain error. */
export function bodyError(error: Error, types: readonly string[], maxBytes: number): Error {
  const status = 'status' in error ? error.status : undefined;
  const type = 'type' in error ? error.type : undefined;
  if (status === 413) return new PayloadTooLargeError(maxBytes);
  if (status === 415 || type === 'charset.unsupported') return new UnsupportedMediaTypeError(types);
  if (type === 'entity.parse.failed' || type === 'entity.verify.failed') return new MalformedBodyError(types);
  return status === 400 ? new BadRequestError('The body does not match its Content-Length.') : error;
}

/** Returns whether a request has a body. A POST without one often has `Content-Length: 0` and no type. */
export function hasBody(request: Request): boolean {
  const { 'transfer-encoding': encoding, 'content-length': length } = request.headers;
  return encoding !== undefined || (length !== undefined && length !== '0');
}

/** Returns whether the request declares a body that is larger than this. Chunked bodies declare no length. */
export function declaresMoreThan(request: Request, maxBytes: number): boolean {
  return Number(request.headers['content-length']) > maxBytes;
}

/** Closes the connection after the response if the rest of the body, which Node.js reads and discards, can be long. */
export function closeIfLong(request: Request, response: Response, maxBytes: number): void {
  const isLimited = 'content-length' in request.headers && !declaresMoreThan(request, maxBytes);
  if (!isLimited) response.setHeader('Connection', 'close');
}

/** Spells the character set as the parsers of Express expect it. They do not know `utf8`, which many clients send. */
export function spellCharset({ headers }: Request): void {
  const type = headers['content-type'];
  if (type?.toLowerCase().includes('utf8')) headers['content-type'] = type.replace(UTF8, '$1utf-8');
}

function bodyParser(
  parser: Parser,
  types: readonly string[],
  maxBytes: number,
  verify: Parameters<Parser>[0]['verify'],
): RequestHandler {
  const type = [...types];
  const parse = parser({ type, limit: maxBytes, inflate: false, strict: false, verify });
  return (request, response, next) => {
    if (!hasBody(request)) next();
    else if (declaresMoreThan(request, maxBytes)) {
      // The body stays unread, so the connection cannot be reused.
      response.setHeader('Connection', 'close');
      next(new PayloadTooLargeError(maxBytes));
    } else if (!request.is(type)) next(new UnsupportedMediaTypeError(types));
    else {
      parse(request, response, (error?: unknown) =>
        next(error instanceof Error ? bodyError(error, types, maxBytes) : error),
      );
    }
  };
}

/**
 * Rejects invalid UTF-8. Decoding would replace all invalid bytes by one character, so different passwords would match.
 */
function requireUtf8(_request: unknown, _response: unknown, body: Buffer, encoding: string): void {
  if (encoding !== 'utf-8') throw Object.assign(new Error('not UTF-8'), { type: 'charset.unsupported' });
  if (!isUtf8(body)) throw new Error('not UTF-8');
}
