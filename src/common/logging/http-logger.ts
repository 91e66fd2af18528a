import type { Request, RequestHandler } from 'express';
import type { Logger } from 'pino';
import { pinoHttp } from 'pino-http';
import type { GuardedRequest } from '../http/auth.decorator.js';
import { requestIdOf } from '../http/request-id.js';

/** A probe asks every few seconds, and nobody wants to read about it. */
const QUIET = '/health/';

/**
 * One line for each request when it is answered: what was asked, by whom, and how it went. No header, no body
 * and no query string is written, so nothing secret can be.
 */
export function httpLogger(logger: Logger): RequestHandler {
  return pinoHttp<Request>({
    logger,
    quietReqLogger: true,
    // Otherwise the properties below are written twice, as they were at the beginning and as they are at the end.
    quietResLogger: true,
    genReqId: (_request, response) => requestIdOf(response),
    serializers: { req: () => undefined, res: () => undefined },
    customAttributeKeys: { reqId: 'requestId' },
    customProps: (request, response) => {
      const { principal } = request as GuardedRequest;
      return {
        method: request.method,
        path: request.originalUrl.split('?', 1)[0],
        status: response.statusCode,
        ...(principal && { userId: principal.userId, sessionId: principal.sessionId }),
      };
    },
    customLogLevel: (request, response, error) => {
      if (error ?? response.statusCode >= 500) return 'error';
      return request.originalUrl.startsWith(QUIET) ? 'trace' : 'info';
    },
    customSuccessMessage: (request, response) => `${request.method} ${request.path} ${response.statusCode}`,
    customErrorMessage: (request, response) => `${request.method} ${request.path} ${response.statusCode}`,
  });
}
