import { context, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace, type Link } from '@opentelemetry/api';
import { statements, type StatementEnd } from '../database/database.metrics.js';
import { currentTracer } from './tracer.js';

/** Creates spans for the statements of requests and lookups. */
export function traceStatements(): void {
  // Applications in one process share the channel.
  statements.unsubscribe(addStatementSpan);
  statements.subscribe(addStatementSpan);
}

/**
 * Adds a span below that of the caller, in whose context the statement ended. Background work has no span, so its
 * statements get none.
 */
function addStatementSpan({ summary, startedAt, endedAt, error }: StatementEnd): void {
  const parent = context.active();
  if (!trace.getSpan(parent)) return;
  const attributes = { 'db.system.name': 'postgresql', 'db.query.summary': summary };
  const span = currentTracer()?.startSpan(summary, { kind: SpanKind.CLIENT, startTime: startedAt, attributes }, parent);
  if (error instanceof Error) {
    if ('code' in error) span?.setAttribute('error.type', String(error.code));
    span?.setStatus({ code: SpanStatusCode.ERROR });
  }
  span?.end(endedAt);
}

/** Returns a link to the span of the current request, for a lookup that serves several requests. */
export function linkToRequest(): Link | undefined {
  if (!currentTracer()) return undefined;
  const spanContext = trace.getActiveSpan()?.spanContext();
  return spanContext && { context: spanContext };
}

/** Runs a lookup in a span of its own, because none of its requests is its only cause. */
export function inLookupSpan<T>(requests: readonly { readonly link: Link | undefined }[], lookUp: () => Promise<T>) {
  const tracer = currentTracer();
  if (!tracer) return lookUp();
  const links = requests.flatMap(({ link }) => link ?? []);
  const attributes = { 'gatehouse.session_lookup.batch_size': requests.length };
  const span = tracer.startSpan('session lookup', { root: true, links, attributes });
  return context.with(trace.setSpan(ROOT_CONTEXT, span), lookUp).finally(() => span.end());
}
