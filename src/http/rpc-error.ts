import { HttpException, Logger, type ArgumentsHost } from '@nestjs/common';
import { throwError, type Observable } from 'rxjs';
import type { DomainError } from '../common/domain.error.js';
import { toDomainError } from './http-exception.js';

/**
 * Reports an error below 500 to the caller of a microservice, as an object with its `status`, `code` and `detail`. In
 * any other context, throws it for the library to report. Returns `undefined` for other errors, which are logged and
 * hidden.
 */
export function reportRpcError(exception: unknown, host: ArgumentsHost): Observable<never> | undefined {
  const error = toDomainError(exception);
  if (!error || error.getStatus() >= 500) {
    // Nest logs all other errors.
    if (exception instanceof HttpException)
      new Logger(reportRpcError.name).error({ err: exception }, 'Unexpected error');
    return undefined;
  }
  if (host.getType() !== 'rpc') throw error;
  return throwError(() => problemMessage(error));
}

/** Returns the members of a problem document that do not depend on an HTTP request. */
export function problemMessage(error: DomainError): Readonly<Record<string, unknown>> {
  return { ...error.extensions, status: error.getStatus(), code: error.code, detail: error.message };
}
