import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import type { Config } from '../config/env.js';
import { GlobalGuards } from '../http/global-guards.js';
import { readBody } from '../http/body/body-reader.js';
import { GatehouseAdapter } from '../http/express.adapter.js';
import { inOneLayer } from '../http/one-layer.js';
import { rejectInvalidHead } from '../http/request-head.js';
import { requestId } from '../http/request-id.js';
import { securityHeaders } from '../http/security-headers.js';
import { makeArraysStrict } from '../http/strict-array.js';
import { httpLogger } from '../platform/logging/http-logger.js';
import { MetricsService } from '../platform/metrics/metrics.service.js';
import { traceStatements } from '../platform/tracing/database-spans.js';
import { traceRequests } from '../platform/tracing/request-spans.middleware.js';
import { commentStatements } from '../platform/tracing/sql-comments.middleware.js';
import { findTracer } from '../platform/tracing/tracer.js';
import { serveAccountPages } from './account-pages.js';
import { setUpConnections } from './connections.js';
import { setUpCors } from './cors.js';
import { serveDocs } from './explorer.js';
import { setUpPaths } from './paths.js';
import { checkRoutes, ignoreUndeclaredBodies } from './route-checks.js';
import { stopOnSignals } from './stop-signals.js';
import { serveWellKnown } from './well-known.js';
import { setUpWebSockets } from './websockets.js';

/** Creates Nest's HTTP adapter with the headers of every response. No response may be cached. */
export function createAdapter(): GatehouseAdapter {
  return new GatehouseAdapter([...securityHeaders(HELMET), 'Cache-Control', 'no-store']);
}

/** Sets up the HTTP side of the application, identically in production and in tests. */
export function setUpApp(app: NestExpressApplication, config: Config, logger: Logger): void {
  setUpExpress(app, config);
  setUpPaths(app, config);
  const log = httpLogger(logger);
  const tracer = findTracer();
  if (tracer) traceStatements();
  app.use(
    inOneLayer(
      ...(config.metrics.port === null ? [] : [app.get(MetricsService).activate()]),
      ...(tracer ? [traceRequests(tracer)] : []),
      ...(config.database.traceComments ? [commentStatements()] : []),
      ...[requestId, log, rejectInvalidHead],
    ),
  );
  setUpCors(app, config);
  makeArraysStrict();
  app.use(readBody(app.get(GlobalGuards)));
  if (config.http.docsEnabled) serveDocs(app);
  serveWellKnown(app, config);
  if (config.http.accountPagesEnabled) serveAccountPages(app, config);
  stopOnSignals(app, logger);
  setUpConnections(app, config, logger);
  setUpWebSockets(app, config, log);
  (app.getHttpAdapter() as unknown as GatehouseAdapter).checkSetup = () => {
    checkRoutes(app);
    ignoreUndeclaredBodies(app);
  };
}

function setUpExpress(app: NestExpressApplication, { http }: Config): void {
  // Nest has created the router already, so it would ignore `app.set('case sensitive routing')` and its like.
  Object.assign(app.getHttpAdapter().getInstance().router, { caseSensitive: true, strict: true });
  app.set('query parser', 'simple');
  app.set('trust proxy', http.trustProxy);
  // Responses are not cached, so clients never send an ETag back.
  app.set('etag', false);
  app.disable('x-powered-by');
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
