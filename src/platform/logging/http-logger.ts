import type { RequestHandler, Response } from 'express';
import type { Logger } from 'pino';
import type { GuardedRequest } from '../../http/guarded-request.js';
import { requestIdOf } from '../../http/request-id.js';

/** The status to log for a WebSocket, because Node does not write its response. */
const SWITCHING_PROTOCOLS = 101;
/** Probes call these paths every few seconds. Only `trace` logs them. */
const PROBE = /\/health\/(live|ready|db)(\?|$)/;

/**
 * Logs one line per request after its response. Omits headers, bodies and query strings, because they contain secrets.
 */
export function httpLogger(logger: Logger): RequestHandler {
  // The fields below contain no secrets, so redaction would only cost time.
  const requestLogger = logger.child({}, { redact: [] });
  return (request, response, next) => {
    const start = performance.now();
    // Emitted after the response, or when the client disconnects.
    response.once('close', () => {
      const level = levelOf(request, response);
      if (!requestLogger.isLevelEnabled(level)) return;
      const { principal, method, originalUrl } = request as GuardedRequest;
      const [path] = originalUrl.split('?', 1);
      const status = response.statusCode;
      // `ProblemFilter` sets it.
      const code: unknown = response.locals['code'];
      const fields = {
        requestId: requestIdOf(response),
        method,
        path,
        status,
        ...(typeof code === 'string' && { code }),
        ...(principal && { userId: principal.userId, sessionId: principal.sessionId }),
        ...(!response.writableFinished && status !== SWITCHING_PROTOCOLS && { aborted: true }),
        responseTime: Math.round(performance.now() - start),
      };
      requestLogger[level](fields, `${method} ${path} ${status}`);
    });
    next();
  };
}

function levelOf({ originalUrl, principal }: GuardedRequest, { statusCode }: Response): 'error' | 'info' | 'trace' {
  if (statusCode >= 500) return 'error';
  return !principal && PROBE.test(originalUrl) ? 'trace' : 'info';
}
