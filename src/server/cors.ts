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

/** Lets the pages of `CORS_ORIGINS` call the API. Preflight responses list the methods of the path. */
export function setUpCors(app: NestExpressApplication, { http }: Config): void {
  if (http.corsOrigins.length === 0) return;
  const isAllowed = (origin: string) => http.corsOrigins.some((pattern) => matchesOrigin(pattern, origin));
  app.enableCors((request: Request, callback: (error: null, options: CorsOptions) => void) => {
    const { method, path, headers } = request;
    callback(null, {
      origin: [headers.origin ?? ''].filter(isAllowed),
      methods: method === 'OPTIONS' ? [...methodsOf(request.app, path)] : [],
      exposedHeaders: EXPOSED_HEADERS,
      maxAge: 600,
    });
  });
}
