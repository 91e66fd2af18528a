import type { CorsOptions } from '@nestjs/common/interfaces/external/cors-options.interface.js';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Request } from 'express';
import type { Config } from '../config/env.js';
import { matchesOrigin } from '../config/origin.js';
import { methodsOf } from '../http/route-table.js';

/** The headers that pages of other origins may read, in addition to those that every page may read. */
const EXPOSED_HEADERS = [
  'WWW-Authenticate',
  'Location',
  'Allow',
  'X-Request-Id',
  'Retry-After',
  'RateLimit',
  'RateLimit-Policy',
];

/** The routes that read or write the refresh cookie, below a prefix. */
const COOKIE_PATH = '/auth/';

/**
 * Lets the pages of `CORS_ORIGINS` call the API. Preflight responses list the methods of the path. Only exact origins may
 * send and receive cookies, and only at the routes that have one.
 */
export function setUpCors(app: NestExpressApplication, { http }: Config): void {
  if (http.corsOrigins.length === 0) return;
  const isAllowed = (origin: string) => http.corsOrigins.some((pattern) => matchesOrigin(pattern, origin));
  app.enableCors((request: Request, callback: (error: null, options: CorsOptions) => void) => {
    const { method, path } = request;
    const { origin = '' } = request.headers;
    callback(null, {
      origin: [origin].filter(isAllowed),
      methods: method === 'OPTIONS' ? [...methodsOf(request.app, path)] : [],
      credentials: path.includes(COOKIE_PATH) && http.corsOrigins.includes(origin),
      exposedHeaders: EXPOSED_HEADERS,
      maxAge: 600,
    });
  });
}
