import type { DomainError, ErrorKind } from '../common/domain.error.js';

/** The only mapping from error kinds to statuses. */
const STATUS: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  not_found: 404,
  method_not_allowed: 405,
  conflict: 409,
  too_large: 413,
  unsupported_media_type: 415,
  unprocessable: 422,
  rate_limited: 429,
  internal: 500,
  unavailable: 503,
};

/** Returns the HTTP status of an error. */
export function statusOf(error: DomainError): number {
  return STATUS[error.kind];
}
