import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';
import type { NestExpressApplication } from '@nestjs/platform-express';
import helmet from 'helmet';
import type { Logger } from 'pino';
import { BadRequestError } from './common/http/edge.errors.js';
import { jsonBody } from './common/http/json-body.js';
import { toProblem } from './common/http/problem.js';
import { requestId } from './common/http/request-id.js';
import { httpLogger } from './common/logging/http-logger.js';
import type { Config } from './config/env.js';
import { newId } from './common/id.js';
import { serveDocs } from './openapi.js';

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
  app.use(requestId, httpLogger(logger), helmet(HELMET), requireHost);
  if (config.http.corsOrigins.length > 0) {
    app.enableCors({
      origin: [...config.http.corsOrigins],
      exposedHeaders: ['X-Request-Id', 'Retry-After'],
      maxAge: 600,
    });
  }
  app.use(jsonBody(['/auth/token']));
  if (config.http.docsEnabled) serveDocs(app);
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

/** A request without `Host` is refused (RFC 9112 §3.2); Node would do it without a word. */
function requireHost(request: IncomingMessage, _response: unknown, next: (error?: Error) => void): void {
  next(request.httpVersion === '1.1' && request.headers.host === undefined ? new BadRequestError() : undefined);
}

/** Bounds how long a connection may take to say what it wants, and answers what is no HTTP in this API's words. */
function boundConnections(server: Server): void {
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  server.keepAliveTimeout = 65_000;
  Object.assign(server, { requireHostHeader: false });
  // An expectation that nobody knows is none (RFC 9110 §10.1.1); Node would answer 417 on its own.
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Duplex) => {
    if (!socket.writable || error.code === 'ECONNRESET') return void socket.destroy();
    const [status, reason] = CLIENT_ERRORS[error.code ?? ''] ?? ['400', 'Bad Request'];
    const id = newId();
    const body = JSON.stringify({ ...toProblem(new BadRequestError(), '', id), status: Number(status) });
    socket.end(
      `HTTP/1.1 ${status} ${reason}\r\nContent-Type: application/problem+json; charset=utf-8\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nX-Request-Id: ${id}\r\nCache-Control: no-store\r\nConnection: close\r\n\r\n${body}`,
    );
  });
}

const CLIENT_ERRORS: Readonly<Record<string, readonly [status: string, reason: string]>> = {
  HPE_HEADER_OVERFLOW: ['431', 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408', 'Request Timeout'],
};
