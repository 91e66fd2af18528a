import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import { serveAccountPages } from './account-pages.js';
import { boundConnections, requireHost } from '../http/connection-bounds.js';
import { GatehouseAdapter } from '../http/express.adapter.js';
import { jsonBody } from '../http/json-body.js';
import { securityHeaders } from '../http/security-headers.js';
import { requestId } from '../http/request-id.js';
import { httpLogger } from '../platform/logging/http-logger.js';
import type { Config } from '../config/env.js';
import { serveDocs } from './explorer.js';

/** What stands under Nest: Express, with the headers of every answer. Nothing here may be stored. */
export function createAdapter(): GatehouseAdapter {
  return new GatehouseAdapter([...securityHeaders(HELMET), 'Cache-Control', 'no-store']);
}

/** Must be set on what `NestFactory` makes: bodies are read by `jsonBody`. */
export const APP_OPTIONS = { bodyParser: false } as const;

/** What the HTTP edge of the application does, the same in production and in tests. */
export function setUpApp(app: NestExpressApplication, config: Config, logger: Logger): void {
  // Nest's adapter has made the router by now, so Express's settings of these names would come too late.
  Object.assign(app.getHttpAdapter().getInstance().router, { caseSensitive: true, strict: true });
  app.set('query parser', 'simple');
  app.set('trust proxy', config.http.trustProxy);
  // Nothing here may be stored, so nobody ever sends a validator back.
  app.set('etag', false);
  app.disable('x-powered-by');
  app.use(requestId, httpLogger(logger), requireHost);
  if (config.http.corsOrigins.length > 0) {
    app.enableCors({
      origin: [...config.http.corsOrigins],
      exposedHeaders: ['X-Request-Id', 'Retry-After', 'RateLimit', 'RateLimit-Policy'],
      maxAge: 600,
    });
  }
  app.use(jsonBody(['/auth/token']));
  if (config.http.docsEnabled) serveDocs(app);
  if (config.http.accountPagesEnabled) serveAccountPages(app, config);
  // A signal that was obeyed is no failure: supervisors expect the code 0.
  app.enableShutdownHooks([], { useProcessExit: true });
  boundConnections(app.getHttpServer());
}

const HELMET = {
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      defaultSrc: [`'none'`],
      scriptSrc: [`'self'`],
      // The Swagger explorer sets style attributes.
      styleSrc: [`'self'`, `'unsafe-inline'`],
      imgSrc: [`'self'`, 'data:'],
      connectSrc: [`'self'`],
      baseUri: [`'none'`],
      formAction: [`'self'`],
      frameAncestors: [`'none'`],
    },
  },
  xFrameOptions: { action: 'deny' },
} as const;
