import { createServer, type ServerResponse } from 'node:http';
import { ExpressAdapter } from '@nestjs/platform-express';
import type { Express, Response } from 'express';
import { messageClasses } from './message-classes.js';

/**
 * Express under Nest, without what costs it most: requests and responses are born as what Express makes of them, and
 * an answer that is an object is written in one step. Nobody here chooses a charset, a replacer or an ETag.
 */
export class GatehouseAdapter extends ExpressAdapter {
  /** @param defaults headers of every answer that has no other of their name: names and values in turn */
  constructor(private readonly defaults: readonly string[] = []) {
    super();
  }

  override initHttpServer(): void {
    const express = this.getInstance<Express>();
    this.httpServer = createServer(messageClasses(express, this.defaults), express);
  }

  override reply(response: Response, body: unknown, statusCode?: number): unknown {
    if (!isPlainObject(body)) return super.reply(response, body, statusCode);
    return sendJson(response, body, statusCode);
  }
}

function sendJson(response: ServerResponse, body: object, statusCode = response.statusCode): ServerResponse {
  const json = JSON.stringify(body);
  const type = ['Content-Type', 'application/json; charset=utf-8'];
  return response.writeHead(statusCode, [...type, 'Content-Length', String(Buffer.byteLength(json))]).end(json);
}

/** What controllers return: no stream, no bytes, no error. */
function isPlainObject(body: unknown): body is object {
  return typeof body === 'object' && body !== null && Object.getPrototypeOf(body) === Object.prototype;
}
