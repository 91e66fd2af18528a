import { trace } from '@opentelemetry/api';
import { pino, stdTimeFunctions, type DestinationStream, type Logger } from 'pino';
import type { Config } from '../../config/env.js';
import { findTracer } from '../tracing/tracer.js';
import { standardOutput } from './standard-output.js';

/** Redacted as a second line of defence, because no code should log them. */
const SECRET_FIELDS = [
  'password',
  'currentPassword',
  'newPassword',
  'passwordHash',
  'accessToken',
  'refreshToken',
  'token',
  'secret',
  'authorization',
  'cookie',
];

/**
 * Creates the logger of this process. It writes one JSON object per line. JSON escapes line breaks, so values cannot forge
 * lines (ASVS 16.4.1). In development, writes readable text.
 *
 * @param destination standard output by default
 */
export async function createLogger(config: Config, destination?: DestinationStream): Promise<Logger> {
  const options = {
    level: config.logLevel,
    base: config.worker && { worker: config.worker.number },
    timestamp: stdTimeFunctions.isoTime,
    ...(findTracer() && { mixin: activeTrace }),
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describeError },
    redact: { paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
  };
  return pino(
    options,
    destination ?? (config.environment === 'development' ? await readableOutput() : standardOutput()),
  );
}

/** Returns the trace of the request or job that logs. */
function activeTrace(): object {
  const span = trace.getActiveSpan()?.spanContext();
  return span ? { trace_id: span.traceId, span_id: span.spanId } : {};
}

/** Returns selected fields of an error. Database errors also contain the parameters, which include password hashes. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { name: type, message, stack, cause } = error;
  const code = 'code' in error ? error.code : undefined;
  return { type, message, code, stack, ...(cause !== undefined && { cause: describeError(cause) }) };
}

/** `pino-pretty` is a development dependency. Without it, writes JSON. */
async function readableOutput(): Promise<DestinationStream> {
  try {
    const { default: pretty } = await import('pino-pretty');
    return pretty({
      colorize: process.stdout.isTTY,
      ignore: 'context,worker',
      messageFormat: '{if worker}#{worker} {end}{if context}[{context}] {end}{msg}',
      sync: true,
    });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    return standardOutput();
  }
}
