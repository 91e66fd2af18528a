import type { IncomingMessage, ServerResponse } from 'node:http';
import { isIPv6 } from 'node:net';
import type { NextFunction } from 'express';
import type { GuardedRequest } from './guarded-request.js';
import { countHeader } from './header-count.js';
import { BadRequestError } from './http.errors.js';

/** Express parses targets with other characters a second time, and then converts `\` to `/`. */
const TARGET_CHARACTERS = /^[!-"$-~]+$/;
/** RFC 9112 §3.2.2: the scheme, the authority, and the path with the query. */
const ABSOLUTE_FORM = /^https?:\/\/([^/?]*)(.*)$/i;
/** RFC 9110 §7.2: a name or an IP address with an optional port, without user information. */
const HOST = /^(?:[\w.~-]+|\[([\da-f:.]+)\])(?::\d{0,5})?$/i;
const INVALID_TARGET = 'The request target is not valid. Percent-encode all characters that are not ASCII.';
const INVALID_HEADERS =
  'The request must be HTTP/1.1 with one valid Host header, at most one Content-Type, and no Transfer-Encoding but chunked.';

/**
 * Checks the request line and the Host header (RFC 9112 §3), and reduces an absolute target to its path and query.
 * Its host replaces that of the header (RFC 9112 §3.2.2). `rejectInvalidHead` then rejects an invalid request.
 *
 * Takes the path and query from the text of the target and never resolves `..`, `%2e` or `\`, because a proxy may have
 * allowed or routed the request by that text.
 */
export function checkHead(request: GuardedRequest): void {
  const { url, method, headers } = request;
  const isText = TARGET_CHARACTERS.test(url);
  const isValid = hasValidHeaders(request);
  if (isText && (url.startsWith('/') || (url === '*' && method === 'OPTIONS'))) {
    if (!isValid) request.rejection = new BadRequestError(INVALID_HEADERS);
    return;
  }
  const [, host = '', path = ''] = (isText ? ABSOLUTE_FORM.exec(url) : null) ?? [];
  if (isValid && isHost(host)) {
    request.url = path.startsWith('/') ? path : `/${path}`;
    headers.host = host;
  } else {
    request.rejection = new BadRequestError(isValid ? INVALID_TARGET : INVALID_HEADERS);
    // Express would fail on the target before it runs our code.
    request.url = '/';
  }
}

/** Forwards the error of `checkHead`, `HandshakeGate` or `ConnectionLimit`. */
export function rejectInvalidHead(request: GuardedRequest, response: ServerResponse, next: NextFunction): void {
  // The client or a proxy may read the rest of the connection in another way.
  if (request.rejection) response.setHeader('Connection', 'close');
  next(request.rejection);
}

function hasValidHeaders(request: IncomingMessage): boolean {
  const { headers, httpVersion } = request;
  // Node.js accepts the request lines of HTTP/0.9 and HTTP/2, too.
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return false;
  const encoding = headers['transfer-encoding'];
  // Node.js accepts other encodings before `chunked`, such as gzip, and does not decode them. HTTP/1.0 has none.
  if (encoding !== undefined && (encoding.toLowerCase() !== 'chunked' || httpVersion === '1.0')) return false;
  // Node.js keeps the first of several types.
  if (headers['content-type'] !== undefined && countHeader(request, 'content-type') > 1) return false;
  const hosts = countHeader(request, 'host');
  return hosts === 1 ? isHost(headers.host ?? '') : hosts === 0 && httpVersion === '1.0';
}

function isHost(text: string): boolean {
  const [match, ipv6] = HOST.exec(text) ?? [];
  return match !== undefined && (ipv6 === undefined || isIPv6(ipv6));
}
