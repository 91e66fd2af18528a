import { AsyncLocalStorage } from 'node:async_hooks';
import type { RequestHandler, Response } from 'express';
import { routeOf } from '../../http/request-outcome.js';
import { formatTraceparent, traceOf } from '../../http/trace-context.js';

let requests: AsyncLocalStorage<Response> | undefined;

/** Returns the middleware that lets `withComment` find the current request. Without it, statements have no comments. */
export function commentStatements(): RequestHandler {
  const storage = (requests ??= new AsyncLocalStorage());
  return (_request, response, next) => storage.run(response, next);
}

/** Appends the trace and the route of the current request to a statement, in the format of sqlcommenter. */
export function withComment(text: string): string {
  const response = requests?.getStore();
  if (!response) return text;
  const route = routeOf(response.req);
  const trace = traceOf(response);
  const pairs = [route && pair('route', route), trace && pair('traceparent', formatTraceparent(trace))].filter(Boolean);
  return pairs.length > 0 ? `${text} /*${pairs.join(',')}*/` : text;
}

/** Encodes a slash too, so that no value can end the comment. */
function pair(key: string, value: string): string {
  return `${key}='${encodeURIComponent(value).replaceAll(`'`, `\\'`)}'`;
}
