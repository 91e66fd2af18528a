import {
  BadRequestException,
  Catch,
  Logger,
  NotFoundException,
  UnauthorizedException,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import { DomainError, ValidationFailedError } from '../common/domain.error.js';
import { RejectionAudit } from '../common/rejection-audit.js';
import { withoutQuery } from '../common/without-query.js';
import { InsufficientAuthenticationError, InsufficientScopeError } from './access.errors.js';
import { sendsBearerToken } from './bearer-token.js';
import { errorFormatOf } from './error-format.js';
import type { GuardedRequest } from './guarded-request.js';
import { isHealthResult, toDomainError } from './http-exception.js';
import { BadRequestError, InternalError, MethodNotAllowedError, NotFoundError } from './http.errors.js';
import { setRetryAfter, toProblem } from './problem.js';
import { reportRpcError } from './rpc-error.js';
import { recordRejection } from './record-rejection.js';
import { requestIdOf } from './request-id.js';
import { methodsOf } from './route-table.js';
import { traceFields } from './trace-context.js';

/** Headers that describe the intended response and not the problem document. */
const CONTENT_HEADERS = [
  'Cache-Control',
  'Content-Disposition',
  'Content-Encoding',
  'Content-Language',
  'Content-Length',
  'Content-Range',
  'ETag',
  'Expires',
  'Last-Modified',
];

/**
 * Converts every error to a problem document (RFC 9457). Logs the full error if it is unexpected. The client then gets
 * a generic 500.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  constructor(private readonly rejectionAudit: RejectionAudit) {}

  catch(exception: unknown, host: ArgumentsHost): unknown {
    if (host.getType() !== 'http') return reportRpcError(exception, host);
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    const error = routingError(exception, request) ?? this.toDomainError(exception, response);
    recordRejection(this.rejectionAudit, error, request);
    return sendProblem(error, request, response);
  }

  private toDomainError(exception: unknown, response: Response): DomainError {
    const failure = authenticationFailure(exception, response.req);
    if (failure) return failure;
    const error = toDomainError(exception);
    if (error && (error === exception || error.getStatus() < 500 || isHealthResult(exception))) return error;
    // The client disconnected. Each body parser reports this with a different error.
    if (response.req.destroyed && !response.req.complete) return new BadRequestError('The body is not complete.');
    const ids = { requestId: requestIdOf(response), ...traceFields(response) };
    this.logger.error({ err: exception, ...ids }, 'Unexpected error');
    return error ?? new InternalError();
  }
}

/**
 * Sends the problem document of an error, or what `@FormatErrors()` makes of it. If the response has started, closes the
 * connection instead.
 */
export function sendProblem(error: DomainError, request: GuardedRequest, response: Response): unknown {
  response.locals['code'] = error.code;
  // The status cannot change any more.
  if (response.headersSent) return void response.destroy();
  const format = errorFormatOf(request);
  const [status, body, challenge] = format?.(error) ?? [error.getStatus()];
  if (challenge !== undefined) response.setHeader('WWW-Authenticate', challenge);
  setErrorHeaders(error, status, request, response);
  if (body) return response.type('application/json').json(body);
  const problem = toProblem(error, withoutQuery(request.originalUrl), requestIdOf(response));
  return response.type('application/problem+json').json(problem);
}

function routePathOf({ route }: Request): string {
  return String((route as { readonly path?: unknown } | undefined)?.path);
}

/**
 * Returns the error of a request that no route handles: 404, or 405 if the path has other methods. It takes precedence
 * over an error in the body. Returns null if a route handles the request, or if a module's middleware or the
 * `HandshakeGate` rejected it.
 */
function routingError(exception: unknown, request: GuardedRequest): DomainError | null {
  if (request.rejection !== undefined) return null;
  const isUnhandled =
    exception instanceof NotFoundException && exception.message === `Cannot ${request.method} ${request.originalUrl}`;
  const isBadPath = exception instanceof BadRequestException && exception.message.startsWith('Failed to decode param');
  // Without a route, a domain error comes from the HTTP setup, for example from a body parser.
  // A route with a parameter can match the path of another route, whose methods then count.
  const isBadInput = exception instanceof ValidationFailedError && routePathOf(request).includes(':');
  const isRouted = request.route !== undefined && !isBadInput;
  if (!isUnhandled && !isBadPath && (isRouted || !(exception instanceof DomainError))) return null;
  const allowed = methodsOf(request.app, withoutQuery(request.originalUrl));
  if (allowed.length > 0 && !allowed.includes(request.method)) return new MethodNotAllowedError(allowed);
  if (isBadPath) return new BadRequestError();
  return isUnhandled || allowed.length === 0 ? new NotFoundError() : null;
}

/** Returns the error of `AuthGuard('jwt')`, because the guard throws an exception without the reason. */
function authenticationFailure(exception: unknown, { authInfo }: Request): DomainError | undefined {
  if (!(exception instanceof UnauthorizedException) || exception.message !== 'Unauthorized') return undefined;
  // A guard with several strategies lists one reason per strategy.
  return [authInfo as unknown].flat().find((info) => info instanceof DomainError);
}

function setErrorHeaders(error: DomainError, status: number, request: GuardedRequest, response: Response): void {
  for (const name of CONTENT_HEADERS) response.removeHeader(name);
  response.status(status);
  if (status === 405 && !response.hasHeader('Allow')) response.setHeader('Allow', allowedBy(error, request));
  setRetryAfter(error, response);
  // A format may replace the status, and then needs no challenge.
  if (status !== error.getStatus()) return;
  if (error instanceof InsufficientAuthenticationError || error instanceof InsufficientScopeError) {
    response.setHeader('WWW-Authenticate', error.challenge);
  } else if (error.kind === 'unauthenticated' && !response.hasHeader('WWW-Authenticate')) {
    // RFC 6750 §3.1: the challenge has an error code only if the request has a token and the token was rejected.
    const isRejected = sendsBearerToken(request) && !request.principal;
    response.setHeader('WWW-Authenticate', isRejected ? 'Bearer error="invalid_token"' : 'Bearer');
  }
}

/** Returns the methods for `Allow`, which a 405 must have (RFC 9110 §15.5.6). A handler may reject its own method. */
function allowedBy(error: DomainError, request: GuardedRequest): string {
  if (error instanceof MethodNotAllowedError) return error.allowed.join(', ');
  const { app, method } = request;
  const rejected = method === 'GET' ? ['GET', 'HEAD'] : [method];
  return methodsOf(app, withoutQuery(request.originalUrl))
    .filter((name) => !rejected.includes(name))
    .join(', ');
}
