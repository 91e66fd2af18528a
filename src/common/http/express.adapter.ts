import { createServer, IncomingMessage, ServerResponse } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Express, Response } from 'express';

/**
 * Express under Nest, without what costs it most.
 *
 * Express gives each request and each response another prototype when they reach it, which makes V8 forget the shapes
 * that it knew. Here Node makes them with that prototype, so giving it to them once more changes nothing. And an answer
 * that is an object is written in one step: nobody here chooses a charset, a replacer or an ETag.
 */
export class GatehouseAdapter extends ExpressAdapter {
  override initHttpServer(): void {
    const express = this.getInstance<Express>();
    this.httpServer = createServer(classesOf(express), express);
  }

  override reply(response: Response, body: unknown, statusCode?: number): unknown {
    if (!isPlainObject(body)) return super.reply(response, body, statusCode);
    if (statusCode !== undefined) response.statusCode = statusCode;
    return sendJson(response, body);
  }
}

/** Ends a response with an object in JSON. */
export function sendJson(response: ServerResponse, body: object, type = 'application/json'): ServerResponse {
  const json = JSON.stringify(body);
  response.setHeader('Content-Type', `${type}; charset=utf-8`);
  response.setHeader('Content-Length', Buffer.byteLength(json));
  return response.end(json);
}

/** The classes whose instances already are what Express makes of them. */
function classesOf(express: Express) {
  class Request extends IncomingMessage {}
  class Response<R extends IncomingMessage> extends ServerResponse<R> {}
  Object.setPrototypeOf(Request.prototype, express.request);
  Object.setPrototypeOf(Response.prototype, express.response);
  Object.assign(express, { request: Request.prototype, response: Response.prototype });
  return { IncomingMessage: Request, ServerResponse: Response };
}

/** What controllers return: no stream, no bytes, no error. */
function isPlainObject(body: unknown): body is object {
  return typeof body === 'object' && body !== null && Object.getPrototypeOf(body) === Object.prototype;
}
