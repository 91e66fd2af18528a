import { AsyncLocalStorage } from 'node:async_hooks';
import type { RequestHandler, Response } from 'express';
import { routeOf } from '../../http/request-outcome.js';
import { formatTraceparent, traceOf } from '../../http/trace-context.js';
import { setCommentSource } from '../database/sql-comments.js';

const requests = new AsyncLocalStorage<Response>();

/** Returns the middleware that adds comments to the statements of each request. */
export function commentStatements(): RequestHandler {
  setCommentSource(() => commentOf(requests.getStore()));
  return (_request, response, next) => requests.run(response, next);
}

/** Returns the route and the trace of a request, in the format of sqlcommenter. */
function commentOf(response: Response | undefined): string {
  if (!response) return '';
  const route = routeOf(response.req);
  const trace = traceOf(response);
  return [route && pair('route', route), trace && pair('traceparent', formatTraceparent(trace))]
    .filter(Boolean)
    .join(',');
}

/** Encodes a slash too, so that no value can end the comment. */
function pair(key: string, value: string): string {
  return `${key}='${encodeURIComponent(value).replaceAll(`'`, `\\'`)}'`;
}
