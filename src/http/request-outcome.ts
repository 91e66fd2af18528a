import type { Request, Response } from 'express';

/** The status that logs and metrics show if the connection closed before the response was complete, as nginx does. */
export const CLIENT_CLOSED_REQUEST = 499;
/** The status of a WebSocket. Node does not write its response. */
const SWITCHING_PROTOCOLS = 101;

/** The methods that OpenTelemetry names. */
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'CONNECT', 'TRACE']);

/** Returns the method of a request, or `_OTHER` for a rare one. */
export function methodOf({ method }: Pick<Request, 'method'>): string {
  return METHODS.has(method) ? method : '_OTHER';
}

/** Returns the route template of a request, such as `/users/:id`, or an empty string if no route matches. */
export function routeOf(request: Pick<Request, 'route'>): string {
  const { route } = request as { route?: { path: unknown } };
  return route ? String(route.path) : '';
}

/** Returns whether the connection closed before the response was complete. Clients end event streams in this way. */
function isAborted(response: Response): boolean {
  if (response.writableFinished || response.statusCode === SWITCHING_PROTOCOLS) return false;
  return !(response.headersSent && String(response.getHeader('Content-Type')).startsWith('text/event-stream'));
}

/** Returns the status of a closed response. */
export function finalStatusOf(response: Response): number {
  return isAborted(response) ? CLIENT_CLOSED_REQUEST : response.statusCode;
}
