import type { Request, RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import type { GuardedRequest } from '../../http/auth.decorator.js';
import { requestIdOf } from '../../http/request-id.js';

/** A probe asks every few seconds, and nobody wants to read about it. */
const QUIET = '/health/';

/**
 * One line for each request when it is answered: what was asked, by claims, and how it went. No header, no body and no
 * query string is written, so nothing secret can be. A line below the level costs nothing but the look at it.
 */
export function httpLogger(logger: Logger): RequestHandler {
  // The fields below are all that is written: there is nothing to look for.
  const lines = logger.child({}, { redact: [] });
  return (request, response, next) => {
    const start = performance.now();
    // Comes once, whether the answer was sent or its client left before.
    response.once('close', () => {
      const level = levelOf(request, response);
      if (!lines.isLevelEnabled(level)) return;
      const { principal, method, originalUrl } = request as GuardedRequest;
      const [path] = originalUrl.split('?', 1);
      const status = response.statusCode;
      // Set by the filter of problems.
      const code: unknown = response.locals['code'];
      const fields = {
        requestId: requestIdOf(response),
        method,
        path,
        status,
        ...(typeof code === 'string' && { code }),
        ...(principal && { userId: principal.userId, sessionId: principal.sessionId }),
        ...(!response.writableFinished && { aborted: true }),
        responseTime: Math.round(performance.now() - start),
      };
      lines[level](fields, `${method} ${path} ${status}`);
    });
    next();
  };
}

function levelOf({ originalUrl }: Request, { statusCode }: Response): 'error' | 'info' | 'trace' {
  if (statusCode >= 500) return 'error';
  return originalUrl.startsWith(QUIET) ? 'trace' : 'info';
}
