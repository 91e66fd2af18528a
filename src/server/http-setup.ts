import type { IncomingMessage } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import type { Config } from '../config/env.js';
import { shareOf } from '../config/share.js';
import { GlobalGuards } from '../http/global-guards.js';
import type { TrustProxy } from '../http/client.js';
import { readBody } from '../http/body/body-reader.js';
import { ClientConnections } from '../http/client-connections.js';
import { ConnectionLimit } from '../http/connection-limit.js';
import { GatehouseAdapter } from '../http/express.adapter.js';
import { FairShare } from '../http/fair-share.js';
import { configureNodeServer } from '../http/node-server.js';
import { RequestDeadlines } from '../http/request-deadlines.js';
import { inOneLayer } from '../http/one-layer.js';
import { rejectInvalidHead } from '../http/request-head.js';
import { requestId } from '../http/request-id.js';
import { securityHeaders } from '../http/security-headers.js';
import { makeArraysStrict } from '../http/strict-array.js';
import { Database } from '../platform/database/database.js';
import { httpLogger } from '../platform/logging/http-logger.js';
import { MetricsService } from '../platform/metrics/metrics.service.js';
import { traceStatements } from '../platform/tracing/database-spans.js';
import { traceRequests } from '../platform/tracing/request-spans.middleware.js';
import { commentStatements } from '../platform/tracing/sql-comments.middleware.js';
import { findTracer } from '../platform/tracing/tracer.js';
import { serveAccountPages } from './account-pages.js';
import { setUpCors } from './cors.js';
import { serveDocs } from './explorer.js';
import { watchProxyHeaders } from './proxy-headers.js';
import { setUpPaths } from './paths.js';
import { checkRoutes, ignoreUndeclaredBodies } from './route-checks.js';
import { stopOnSignals } from './stop-signals.js';
import { serveWellKnown } from './well-known.js';
import { setUpWebSockets } from './websockets.js';

/** A client with more connections may have to wait for others. A browser opens up to six. */
const FREE_CONNECTIONS = 32;

/** Creates Nest's HTTP adapter with the headers of every response. No response may be cached. */
export function createAdapter(): GatehouseAdapter {
  return new GatehouseAdapter([...securityHeaders(HELMET), 'Cache-Control', 'no-store']);
}

/** Sets up the HTTP side of the application, identically in production and in tests. */
export function setUpApp(app: NestExpressApplication, config: Config, logger: Logger): void {
  // Nest has created the router already, so it would ignore `app.set('case sensitive routing')` and its like.
  Object.assign(app.getHttpAdapter().getInstance().router, { caseSensitive: true, strict: true });
  app.set('query parser', 'simple');
  app.set('trust proxy', config.http.trustProxy);
  // Responses are not cached, so clients never send an ETag back.
  app.set('etag', false);
  app.disable('x-powered-by');
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
  configureNodeServer(app.getHttpServer(), config.http);
  const adapter = app.getHttpAdapter() as unknown as GatehouseAdapter;
  new RequestDeadlines(app.getHttpServer(), adapter.connections, config.http.requestTimeout);
  const trusts = app.getHttpAdapter().getInstance().get('trust proxy fn') as TrustProxy;
  const isProbe = ({ url }: IncomingMessage) => url?.startsWith('/health/') ?? false;
  const clients = new ClientConnections(app.getHttpServer(), (address) => trusts(address, 0));
  adapter.connectionLimit = new ConnectionLimit(clients, {
    maxTotal: config.http.maxConnections,
    maxPerClient: config.http.maxConnectionsPerClient,
    isProbe,
  });
  adapter.handshakeGate.connectionLimit = adapter.connectionLimit;
  const database = app.get(Database);
  adapter.fairShare = new FairShare(app.getHttpServer(), clients, {
    freeConnections: shareOf(FREE_CONNECTIONS, config.worker),
    timeoutMs: config.http.requestTimeout,
    isProbe,
    isDatabaseCrowded: () => database.isCrowded,
  });
  watchProxyHeaders(app.getHttpServer(), trusts, logger);
  setUpWebSockets(app, config, log);
  adapter.checkSetup = () => {
    checkRoutes(app);
    ignoreUndeclaredBodies(app);
  };
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
