import type { Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Request } from 'express';
import type { DomainError } from '../common/domain.error.js';
import type { Config } from '../config/env.js';
import { errorFormatOf } from './error-format.js';
import { BadRequestError, MethodNotAllowedError } from './http.errors.js';
import { toProblem } from './problem.js';
import { checkHead } from './request-head.js';
import { newRequestId } from './request-id.js';

const HEADERS_TIMEOUT_MS = 10_000;
/** Node.js only checks `headersTimeout` and `requestTimeout` this often. Its default is 30 seconds. */
const CONNECTIONS_CHECK_INTERVAL_MS = 1_000;
/** For clients that do not read their response. `keepAliveTimeout` applies instead while a connection is idle. */
const SOCKET_TIMEOUT_MS = 70_000;

/** The statuses of parser errors other than 400. */
const PARSER_ERRORS: Readonly<Record<string, readonly [status: number, reason: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
};

/** A connection with the response that Node will write to it next. */
type Connection = Duplex & { readonly _httpMessage?: ServerResponse | null };

/**
 * Sets the timeouts of the server, and responds to invalid HTTP with problem documents.
 *
 * @param settings `uploadTimeout` is how long a client may take to send a request with its body
 */
export function configureNodeServer(
  server: Server,
  { uploadTimeout, keepAliveTimeout }: Pick<Config['http'], 'uploadTimeout' | 'keepAliveTimeout'>,
): void {
  server.headersTimeout = HEADERS_TIMEOUT_MS;
  server.requestTimeout = uploadTimeout;
  server.keepAliveTimeout = keepAliveTimeout;
  server.timeout = SOCKET_TIMEOUT_MS;
  // By default, Node.js drops the headers after the first 1,000. A proxy may have added the last ones.
  server.maxHeadersCount = 0;
  Object.assign(server, {
    connectionsCheckingInterval: CONNECTIONS_CHECK_INTERVAL_MS,
    // Otherwise Node itself responds to a missing Host and to an unknown Expect, with an empty body.
    requireHostHeader: false,
  });
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.prependListener('request', checkHead);
  server.on('connect', rejectTunnel);
  server.on('clientError', rejectInvalidHttp);
}

/** Rejects tunnels. Node.js would close the connection without a response. */
function rejectTunnel(_request: unknown, connection: Duplex): void {
  connection.on('error', () => undefined);
  send(connection, 405, 'Method Not Allowed', new MethodNotAllowedError(), ['Allow:']);
}

function rejectInvalidHttp(error: NodeJS.ErrnoException, connection: Connection): void {
  const pending = connection._httpMessage;
  // The client would read our response as that of the earlier, complete request.
  const isAnsweringEarlier = pending && (pending.headersSent || pending.req.complete);
  if (!connection.writable || error.code === 'ECONNRESET' || isAnsweringEarlier) return void connection.destroy();
  const [status, reason] = PARSER_ERRORS[error.code ?? ''] ?? [400, 'Bad Request'];
  // A slow body, whose request Express has already got.
  const format = pending && errorFormatOf(pending.req as Request);
  const [, body] = format?.(new BadRequestError()) ?? [];
  send(connection, status, reason, new BadRequestError(), [], body);
}

/** Sends a problem document past Express, and closes the connection. */
function send(
  connection: Duplex,
  status: number,
  reason: string,
  error: DomainError,
  headers: readonly string[] = [],
  ownBody?: object,
): void {
  const id = newRequestId();
  const body = JSON.stringify(ownBody ?? { ...toProblem(error, '', id), status });
  const head = [
    `HTTP/1.1 ${status} ${reason}`,
    `Content-Type: application/${ownBody ? '' : 'problem+'}json; charset=utf-8`,
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${id}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    'Connection: close',
    ...headers,
  ];
  // `end` closes only our side. The client must not keep its side open.
  connection.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => connection.destroy());
}
