import { Catch, HttpException, Logger, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import { DomainError } from '../common/domain.error.js';
import { RejectedRequests } from '../common/rejected-requests.js';
import { sendsBearerToken } from './bearer-token.js';
import { BadRequestError, InternalError, MethodNotAllowedError, NotFoundError } from './http.errors.js';
import { statusOf } from './error-status.js';
import { RETRY_AFTER, toProblem } from './problem.js';
import { rejectCall } from './rejected-call.js';
import { recordRejection } from './rejection.js';
import { requestIdOf } from './request-id.js';
import { methodsOf } from './route-table.js';

/**
 * Converts every error to a problem document (RFC 9457). Logs the full error if it is unexpected. The client then gets a
 * generic 500.
 */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  private readonly logger = new Logger(ProblemFilter.name);

  constructor(private readonly rejectedRequests: RejectedRequests) {}

  catch(exception: unknown, host: ArgumentsHost): unknown {
    if (host.getType() !== 'http') return rejectCall(exception, host);
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    const error = this.toDomainError(exception, request, response);
    recordRejection(this.rejectedRequests, error, request);
    response.locals['code'] = error.code;
    // The response has already started, so its status cannot change.
    if (response.headersSent) return void response.destroy();
    setProblemHeaders(error, request, response);
    return response.type('application/problem+json').json(toProblem(error, request.path, requestIdOf(response)));
  }

  private toDomainError(exception: unknown, request: Request, response: Response): DomainError {
    // Without a route, the error occurred before routing, for example in the body. An unknown path is still a 404.
    if (!request.route) {
      const allowed = methodsOf(request.app, request.path);
      if (allowed.length === 0) return isBadPath(exception) ? new BadRequestError() : new NotFoundError();
      if (!allowed.includes(request.method)) return new MethodNotAllowedError(allowed);
    }
    if (exception instanceof DomainError) return exception;
    if (exception instanceof HttpException && exception.getStatus() === 404) return new NotFoundError();
    if (exception instanceof HttpException && exception.getStatus() < 500) return new BadRequestError();
    this.logger.error({ err: exception, requestId: requestIdOf(response) }, 'Unexpected error');
    return new InternalError();
  }
}

function isBadPath(exception: unknown): boolean {
  return exception instanceof HttpException && exception.getStatus() === 400;
}

function setProblemHeaders(error: DomainError, request: Request, response: Response): void {
  response.status(statusOf(error));
  if (error instanceof MethodNotAllowedError) response.setHeader('Allow', error.allowed.join(', '));
  if (error.kind === 'unavailable' || error.kind === 'rate_limited')
    response.setHeader('Retry-After', error.retryAfter ?? RETRY_AFTER);
  if (error.kind === 'unauthenticated') {
    // RFC 6750 §3.1: without a token in the request, the challenge has no error code.
    response.setHeader('WWW-Authenticate', sendsBearerToken(request) ? 'Bearer error="invalid_token"' : 'Bearer');
  }
}
