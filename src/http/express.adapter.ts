import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Logger } from '@nestjs/common';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { ErrorRequestHandler, Express, RequestHandler, Response } from 'express';
import type { ConnectionLimit } from './connection-limit.js';
import type { FairShare } from './fair-share.js';
import { messageClasses } from './message-classes.js';
import { inOrder } from './pipelining.js';
import { OpenConnections } from './streams/open-connections.js';
import { HandshakeGate } from './streams/handshake-gate.js';

/** The statuses without a body. Express removes the headers of the body from these responses. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Nest's Express adapter without its two greatest costs. Requests and responses have Express's prototypes from the
 * start, and objects are sent in one step, without Express's support for charsets, replacers and ETags.
 */
export class GatehouseAdapter extends ExpressAdapter {
  // Set by `initHttpServer`.
  connections!: OpenConnections;
  handshakeGate!: HandshakeGate;
  connectionLimit?: ConnectionLimit;
  fairShare?: FairShare;
  /** Checks the complete application before it gets its routes. Set by `setUpApp`. */
  checkSetup?: () => void;
  /** Called when the shutdown begins. `ConnectionDrain` sets it. */
  onStop?: () => Promise<void>;
  /** Whether the shutdown has begun. */
  isStopping = false;

  /** @param defaults the default headers of all responses, as alternating names and values */
  constructor(private readonly defaults: readonly string[] = []) {
    super();
  }

  override initHttpServer(): void {
    const express = this.getInstance<Express>();
    const classes = messageClasses(express, this.defaults);
    const server = createServer(classes, (request, response) =>
      inOrder(response, () => {
        const rejection = this.connectionLimit?.rejectionFor(request);
        if (rejection) this.connectionLimit?.reject(request, response, rejection, () => this.handle(request, response));
        else this.handle(request, response);
      }),
    );
    this.httpServer = server;
    this.connections = new OpenConnections(server);
    this.handshakeGate = new HandshakeGate(server, express, classes.ServerResponse, this.connections);
  }

  private handle(request: IncomingMessage, response: ServerResponse): void {
    const { fairShare } = this;
    const express = this.getInstance<Express>();
    if (fairShare?.mustWait(request)) fairShare.wait(request, response, () => void express(request, response));
    else void express(request, response);
  }

  /** Nest calls this first at shutdown, and does not stop any module before the promise resolves. */
  // oxlint-disable-next-line typescript/no-misused-promises -- Nest waits for it, but declares `void`
  override async beforeClose(): Promise<void> {
    this.isStopping = true;
    await this.onStop?.();
  }

  /** Registers none of Nest's parsers, because `readBody` reads the bodies. */
  override registerParserMiddleware(_prefix?: string, rawBody?: boolean): void {
    if (!rawBody) return;
    new Logger('Routes').warn(
      '`rawBody: true` has no effect. Add @KeepRawBody() to the routes that need request.rawBody.',
    );
  }

  override useBodyParser(type: string): never {
    throw new Error(
      `Remove app.useBodyParser('${type}'). Add a decorator of src/http/body/body.decorators.ts to the routes that take ` +
        'such bodies.',
    );
  }

  /** Ignores the global prefix. Otherwise unknown paths without the prefix would get Express's HTML page. */
  override setNotFoundHandler(handler: RequestHandler): unknown {
    return super.setNotFoundHandler(handler);
  }

  /** Ignores the global prefix, because Express would remove it from the path that error documents contain. */
  override setErrorHandler(handler: ErrorRequestHandler): unknown {
    return super.setErrorHandler(handler);
  }

  override reply(response: Response, body: unknown, statusCode?: number): unknown {
    const status = statusCode ?? response.statusCode;
    const isSimple = isPlainObject(body) && !BODILESS.has(status) && !response.hasHeader('Content-Type');
    return isSimple ? sendJson(response, body, status) : super.reply(response, body, statusCode);
  }
}

function sendJson(response: ServerResponse, body: object, statusCode: number): ServerResponse {
  const json = JSON.stringify(body);
  const type = ['Content-Type', 'application/json; charset=utf-8'];
  return response.writeHead(statusCode, [...type, 'Content-Length', String(Buffer.byteLength(json))]).end(json);
}

/** Returns whether the body is a plain object, and not a stream, a buffer or an error. */
function isPlainObject(body: unknown): body is object {
  return typeof body === 'object' && body !== null && Object.getPrototypeOf(body) === Object.prototype;
}
