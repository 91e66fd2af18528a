import { IncomingMessage, ServerResponse, type OutgoingHttpHeader } from 'node:http';
import type { Express } from 'express';
import { REQUEST_ID, requestIdOf } from './request-id.js';

/**
 * The classes of an application's requests and responses, for Node to make them with.
 *
 * Express gives each request and each response another prototype when they reach it, which makes V8 forget the shapes
 * that it knew. These have that prototype from the beginning, so giving it to them once more changes nothing.
 *
 * And a response knows the headers that every answer has by default. Setting them one by one, for Node to check and to
 * write them one by one, took longer than all else that Node does for an answer.
 *
 * @param defaults names and values in turn; a header that is set by this name takes its place
 */
export function messageClasses(express: Express, defaults: readonly string[]) {
  const names = new Set([REQUEST_ID, ...defaults.filter((_, i) => i % 2 === 0)].map((name) => name.toLowerCase()));

  class Request extends IncomingMessage {}

  class Response<R extends IncomingMessage> extends ServerResponse<R> {
    override writeHead(statusCode: number, ...rest: unknown[]): this {
      const [headers] = rest;
      const id = requestIdOf(this);
      const own = id === '' ? defaults : [...defaults, REQUEST_ID, id];
      if (this.getHeaderNames().length === 0 && addsTo(names, headers)) {
        return super.writeHead(statusCode, [...own, ...headers]);
      }
      for (let i = 0; i < own.length; i += 2) this.setDefault(own[i] ?? '', own[i + 1] ?? '');
      return super.writeHead(statusCode, ...(rest as [OutgoingHttpHeader[]]));
    }

    private setDefault(name: string, value: string): void {
      if (!this.hasHeader(name)) this.setHeader(name, value);
    }
  }

  Object.setPrototypeOf(Request.prototype, express.request);
  Object.setPrototypeOf(Response.prototype, express.response);
  Object.assign(express, { request: Request.prototype, response: Response.prototype });
  return { IncomingMessage: Request, ServerResponse: Response };
}

/** Whether these are headers, names and values in turn, of which none is among those names. */
function addsTo(names: ReadonlySet<string>, headers: unknown): headers is OutgoingHttpHeader[] {
  const isNew = (name: unknown) => typeof name === 'string' && !names.has(name.toLowerCase());
  return Array.isArray(headers) && headers.every((header, i) => i % 2 === 1 || isNew(header));
}
