import type { IncomingMessage } from 'node:http';
import type { NestExpressApplication } from '@nestjs/platform-express';
import type { Logger } from 'pino';
import type { Config } from '../config/env.js';
import { shareOf } from '../config/share.js';
import type { TrustProxy } from '../http/client.js';
import { ClientConnections } from '../http/client-connections.js';
import { ConnectionLimit } from '../http/connection-limit.js';
import type { GatehouseAdapter } from '../http/express.adapter.js';
import { FairShare } from '../http/fair-share.js';
import { configureNodeServer } from '../http/node-server.js';
import { RequestDeadlines } from '../http/request-deadlines.js';
import { Database } from '../platform/database/database.js';
import { watchProxyHeaders } from './proxy-headers.js';

/** A client with more connections may have to wait for others. A browser opens up to six. */
const FREE_CONNECTIONS = 32;

/** Sets the deadlines of requests and the limits of connections, and divides the server fairly between clients. */
export function setUpConnections(app: NestExpressApplication, config: Config, logger: Logger): void {
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
}
