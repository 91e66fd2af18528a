import type { ArgumentsHost } from '@nestjs/common';
import { throwError, type Observable } from 'rxjs';
import { DomainError } from '../common/domain.error.js';
import { statusOf } from './error-status.js';
import { toStatusError } from './http-exception.js';

/**
 * Reports an error below 500 to the caller of a microservice, as an object with its `status`, `code` and `detail`. In
 * any other context, throws it for the library to report. Returns `undefined` for other errors, which Nest logs and
 * hides.
 */
export function rejectCall(exception: unknown, host: ArgumentsHost): Observable<never> | undefined {
  const error = exception instanceof DomainError ? exception : toStatusError(exception);
  if (!error || statusOf(error) >= 500) return undefined;
  if (host.getType() !== 'rpc') throw error;
  return throwError(() => problemMessage(error));
}

/** Returns the members of a problem document that do not depend on an HTTP request. */
export function problemMessage(error: DomainError): Readonly<Record<string, unknown>> {
  return { status: statusOf(error), code: error.code, detail: error.message, ...error.extensions };
}
