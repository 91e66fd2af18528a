import { trace, type Tracer } from '@opentelemetry/api';

let current: Tracer | undefined;

/**
 * Looks for a registered tracer provider, for example of an SDK that `--import` loaded. Tracing costs nothing without
 * one. Called when the application starts.
 */
export function findTracer(): Tracer | undefined {
  const tracer = trace.getTracer('gatehouse');
  // Without a provider, every span has an invalid context. This span does not end, so it is not exported.
  const probe = tracer.startSpan('probe', { root: true });
  current = trace.isSpanContextValid(probe.spanContext()) ? tracer : undefined;
  return current;
}

/** Returns what `findTracer` has found. */
export function currentTracer(): Tracer | undefined {
  return current;
}
