import { IncomingMessage, ServerResponse, type OutgoingHttpHeader } from 'node:http';
import type { Express, Request as ExpressRequest } from 'express';
import { clientAddress } from './client.js';
import { REQUEST_ID, requestIdOf } from './request-id.js';

/**
 * Returns the classes from which Node creates requests and responses.
 *
 * They have Express's prototypes. Otherwise Express would change the prototype of every object, which makes V8 discard
 * what it learned about its shape.
 *
 * Responses pass the default headers to Node as one list. Setting them one by one took longer than the rest of Node's
 * work for a response.
 *
 * @param defaults alternating names and values. A header that is set explicitly replaces the default.
 */
export function messageClasses(express: Express, defaults: readonly string[]) {
  const names = new Set([REQUEST_ID, ...defaults.filter((_, i) => i % 2 === 0)].map((name) => name.toLowerCase()));

  class Request extends IncomingMessage {
    /** Replaces the getter of Express, which cannot read entries of `X-Forwarded-For` with a port. */
    get ip(): string | undefined {
      return clientAddress(this as unknown as ExpressRequest) ?? undefined;
    }
  }

  class Response<R extends IncomingMessage> extends ServerResponse<R> {
    override writeHead(statusCode: number, ...rest: unknown[]): this {
      const [headers] = rest;
      const id = requestIdOf(this);
      const own = id === '' ? defaults : [...defaults, REQUEST_ID, id];
      if (this.getHeaderNames().length === 0 && addsTo(names, headers)) {
        return super.writeHead(statusCode, [...own, ...headers]);
      }
      for (let i = 0; i < own.length; i += 2) {
        const [name = '', value = ''] = [own[i], own[i + 1]];
        if (!this.hasHeader(name)) this.setHeader(name, value);
      }
      return super.writeHead(statusCode, ...(rest as [OutgoingHttpHeader[]]));
    }
  }

  Object.setPrototypeOf(Request.prototype, express.request);
  Object.setPrototypeOf(Response.prototype, express.response);
  Object.assign(express, { request: Request.prototype, response: Response.prototype });
  return { IncomingMessage: Request, ServerResponse: Response };
}

/** Returns whether `headers` are alternating names and values, without any of these names. */
function addsTo(names: ReadonlySet<string>, headers: unknown): headers is OutgoingHttpHeader[] {
  const isNew = (name: unknown) => typeof name === 'string' && !names.has(name.toLowerCase());
  return Array.isArray(headers) && headers.every((header, i) => i % 2 === 1 || isNew(header));
}
