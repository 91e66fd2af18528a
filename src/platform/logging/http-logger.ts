import type { RequestHandler } from 'express';
import type { Logger } from 'pino';
import { withoutSecrets } from '../../common/without-query.js';
import { clientOf } from '../../http/client.js';
import type { GuardedRequest } from '../../http/guarded-request.js';
import { requestIdOf } from '../../http/request-id.js';
import { CLIENT_CLOSED_REQUEST, finalStatusOf, routeOf } from '../../http/request-outcome.js';
import { traceFields } from '../../http/trace-context.js';
import { LineSampler } from './line-sampler.js';
import { countOf } from '../../common/plural.js';

/** Probes call these paths every few seconds. Only `trace` logs them. */
const PROBE = /\/health\/(live|ready|db)(\?|$)/;

type Level = 'error' | 'warn' | 'info' | 'trace';

/**
 * Logs one line per request after its response. Omits headers, bodies and query strings, because they contain secrets.
 * Samples rejections, because a flood of them must not fill the disk.
 */
export function httpLogger(logger: Logger): RequestHandler {
  // The fields below contain no secrets, so redaction would only cost time.
  const requestLogger = logger.child({}, { redact: [] });
  const sampler = new LineSampler((code, suppressed) =>
    requestLogger.warn({ code, suppressed }, `Suppressed ${countOf(suppressed, 'lines')} of requests with ${code}`),
  );
  return (request: GuardedRequest, response, next) => {
    const start = performance.now();
    const { socket } = request;
    const bytesBefore = socket.bytesWritten;
    // Emitted once, after the response or when the client disconnects. `once` would cost more than `on`.
    response.on('close', () => {
      const status = finalStatusOf(response);
      // `ProblemFilter` sets it.
      const { code } = response.locals as { code?: string };
      const level = levelOf(request, status);
      if (!requestLogger.isLevelEnabled(level)) return;
      if (isRejection(status) && !sampler.admits(code ?? `${status} ${routeOf(request)}`.trimEnd())) return;
      const { principal, method, originalUrl } = request;
      const path = withoutSecrets(originalUrl);
      // pino omits fields that are undefined.
      const fields = {
        requestId: requestIdOf(response),
        method,
        path,
        route: routeOf(request) || undefined,
        status,
        code,
        userId: principal?.userId,
        sessionId: principal?.sessionId,
        clientIp: (principal?.client ?? clientOf(request)).ipAddress,
        bytes: socket.bytesWritten - bytesBefore,
        aborted: status === CLIENT_CLOSED_REQUEST || undefined,
        responseTime: Math.round(performance.now() - start),
        ...traceFields(response),
      };
      requestLogger[level](fields, `${method} ${path} ${status}`);
    });
    next();
  };
}

function levelOf({ originalUrl, principal }: GuardedRequest, status: number): Level {
  if (status >= 500) return isRejection(status) ? 'warn' : 'error';
  if (status === 429) return 'warn';
  return !principal && PROBE.test(originalUrl) ? 'trace' : 'info';
}

/** Returns whether the server rejected the request deliberately, or the client disconnected. Failed probes have no code. */
function isRejection(status: number): boolean {
  return (status >= 400 && status < 500) || status === 503;
}
