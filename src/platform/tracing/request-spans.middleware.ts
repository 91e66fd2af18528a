import {
  context,
  createTraceState,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Tracer,
} from '@opentelemetry/api';
import type { Request, RequestHandler } from 'express';
import { withoutSecrets } from '../../common/without-query.js';
import { finalStatusOf, methodOf, routeOf } from '../../http/request-outcome.js';
import { parseTraceparent, setTrace } from '../../http/trace-context.js';

/** Creates a span for each request, as OpenTelemetry's semantic conventions for HTTP describe it. */
export function traceRequests(tracer: Tracer): RequestHandler {
  return (request, response, next) => {
    const method = methodOf(request);
    const path = withoutSecrets(request.originalUrl);
    const attributes = { 'http.request.method': method, 'url.path': path, 'url.scheme': request.protocol };
    const parent = parentOf(request);
    const span = tracer.startSpan(method, { kind: SpanKind.SERVER, attributes }, parent);
    const { traceId, spanId, traceFlags } = span.spanContext();
    setTrace(response, { traceId, spanId, flags: traceFlags.toString(16).padStart(2, '0') });
    response.once('close', () => {
      const status = finalStatusOf(response);
      const route = routeOf(request);
      span.setAttribute('http.response.status_code', status);
      if (route) span.setAttribute('http.route', route).updateName(`${method} ${route}`);
      if (status >= 500) {
        const { code } = response.locals as { code?: string };
        span.setAttribute('error.type', code ?? String(status)).setStatus({ code: SpanStatusCode.ERROR });
      }
      span.end();
    });
    context.with(trace.setSpan(parent, span), next);
  };
}

function parentOf({ headers }: Request): Context {
  const parent = parseTraceparent(headers['traceparent']);
  if (!parent) return ROOT_CONTEXT;
  const { traceId, spanId, flags } = parent;
  const { tracestate } = headers;
  const traceState = typeof tracestate === 'string' ? { traceState: createTraceState(tracestate) } : {};
  const traceFlags = parseInt(flags, 16) & 1;
  return trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true, ...traceState });
}
