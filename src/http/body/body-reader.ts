import type { Request, RequestHandler } from 'express';
import { routeFinder } from '../route-table.js';
import type { GlobalGuards } from '../global-guards.js';
import { BODY_READER, hasBody, readJson, readUndeclared, spellCharset } from './body-parsers.js';
import type { LateBodyRequest } from './late-body.js';

/**
 * Reads JSON bodies and rejects all others, except on routes with `@TextBody()`, `@KeepRawBody()`, `@FormBody()` or
 * `@Multipart()`.
 *
 * Runs before the guards. Otherwise a client could send the body slowly, and the request would succeed although its
 * session was revoked in the meantime.
 */
export function readBody(globalGuards: GlobalGuards): RequestHandler {
  const findRoute = routeFinder((handler) => Reflect.hasMetadata(BODY_READER, handler));
  const readerOf = (request: Request): RequestHandler => {
    const handler = findRoute(request);
    if (handler) return Reflect.getMetadata(BODY_READER, handler) as RequestHandler;
    return request.method === 'GET' || request.method === 'HEAD' ? readUndeclared : readJson;
  };
  return (request: LateBodyRequest, response, next) => {
    if (request.method === 'GET' && !hasBody(request)) next();
    else {
      request.globalGuards = globalGuards;
      spellCharset(request);
      readerOf(request)(request, response, next);
    }
  };
}
