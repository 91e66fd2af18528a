import type { Response } from 'express';

/** The position of a request in a trace. */
export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
  /** Two hexadecimal digits. */
  readonly flags: string;
}

/** https://www.w3.org/TR/trace-context/#traceparent-header. Later versions may append fields. */
const TRACEPARENT = /^(?!ff)([\da-f]{2})-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-([\da-f]{2})(-.*)?$/;

/** Parses a `traceparent` header. Returns undefined if it is invalid, so that the request starts a new trace. */
export function parseTraceparent(header: unknown): TraceContext | undefined {
  if (typeof header !== 'string') return undefined;
  const [, version, traceId, spanId, flags, rest] = TRACEPARENT.exec(header) ?? [];
  if (!traceId || !spanId || !flags || (version === '00' && rest !== undefined)) return undefined;
  return { traceId, spanId, flags };
}

export function formatTraceparent({ traceId, spanId, flags }: TraceContext): string {
  return `00-${traceId}-${spanId}-${flags}`;
}

/** Sets the span of a request in its trace. */
export function setTrace(response: Response, trace: TraceContext): void {
  response.locals['trace'] = trace;
}

/** Returns the span of a request, or that of its client if the application does not create spans. */
export function traceOf(response: Response): TraceContext | undefined {
  const { trace } = response.locals as { trace?: TraceContext };
  return trace ?? parseTraceparent(response.req.headers['traceparent']);
}

/** Returns the fields of a log line. They have the names of OpenTelemetry. pino omits them if they are undefined. */
export function traceFields(response: Response): { trace_id: string | undefined; span_id: string | undefined } {
  const trace = traceOf(response);
  return { trace_id: trace?.traceId, span_id: trace?.spanId };
}
