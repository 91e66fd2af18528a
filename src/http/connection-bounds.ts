import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import type { NextFunction } from 'express';
import { BadRequestError } from './edge.errors.js';
import { countHeader } from './header-count.js';
import { toProblem } from './problem.js';
import { newRequestId } from './request-id.js';

/** Longer than the 60 s after which load balancers let an idle connection go, so that they always go first. */
const KEEP_ALIVE = 65_000;

/** What Node's parser finds wrong before there is a request, where it is not simply a bad one. */
const PARSER_ERRORS: Readonly<Record<string, readonly [status: number, reason: string]>> = {
  HPE_HEADER_OVERFLOW: [431, 'Request Header Fields Too Large'],
  ERR_HTTP_REQUEST_TIMEOUT: [408, 'Request Timeout'],
};

/** A connection, with the answer that Node means to write to it next. */
type Connection = Duplex & { readonly _httpMessage?: ServerResponse | null };

/** Bounds how long a connection may take to say what it wants, and answers what is no HTTP in this API's words. */
export function boundConnections(server: Server): void {
  server.headersTimeout = 10_000;
  server.requestTimeout = 30_000;
  server.keepAliveTimeout = KEEP_ALIVE;
  // A client that neither asks nor reads.
  server.timeout = KEEP_ALIVE + 5_000;
  // `requireHost` answers what these would make Node answer without a word: a missing Host, an unknown expectation.
  Object.assign(server, { requireHostHeader: false });
  server.on('checkExpectation', (request, response) => server.emit('request', request, response));
  server.prependListener('request', straightenTarget);
  server.on('clientError', refuse);
}

/** A request of HTTP/1.1 names its host, once (RFC 9112 §3.2). */
export function requireHost(request: IncomingMessage, _response: unknown, next: NextFunction): void {
  const hosts = countHeader(request, 'host');
  next(hosts === 1 || (hosts === 0 && request.httpVersion === '1.0') ? undefined : new BadRequestError());
}

/** A target in absolute form (RFC 9112 §3.2.2) is its path. Express gives up on a broken one before any of our code. */
function straightenTarget(request: IncomingMessage): void {
  const { url = '' } = request;
  if (url.startsWith('/') || url === '*') return;
  const { pathname, search } = URL.canParse(url) ? new URL(url) : { pathname: '/%', search: '' };
  request.url = `${pathname || '/%'}${search}`;
}

function refuse(error: NodeJS.ErrnoException, connection: Connection): void {
  const pending = connection._httpMessage;
  // The fault came behind a request that is whole: whatever is written now would be taken for its answer.
  const isBehind = pending && (pending.headersSent || pending.req.complete);
  if (!connection.writable || error.code === 'ECONNRESET' || isBehind) return void connection.destroy();
  const [status, reason] = PARSER_ERRORS[error.code ?? ''] ?? [400, 'Bad Request'];
  const id = newRequestId();
  const body = JSON.stringify({ ...toProblem(new BadRequestError(), '', id), status });
  const head = [
    `HTTP/1.1 ${status} ${reason}`,
    'Content-Type: application/problem+json; charset=utf-8',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `X-Request-Id: ${id}`,
    'Cache-Control: no-store',
    'X-Content-Type-Options: nosniff',
    'Connection: close',
  ];
  // Ending says that we are done; a client that does not say the same must not keep its end open.
  connection.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => connection.destroy());
}
