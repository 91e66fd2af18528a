import { DomainError, type ErrorDetails, type ErrorKind } from '../common/domain.error.js';

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

const KINDS = Object.keys(STATUS) as ErrorKind[];

/** An error with its own HTTP status, such as a converted `HttpException` of Nest. */
export class StatusError extends DomainError {
  readonly kind: ErrorKind;

  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    details: ErrorDetails = {},
    /** Replaces the title that follows from the code. */
    readonly title?: string,
  ) {
    super(message, details);
    this.kind = KINDS.find((kind) => STATUS[kind] === status) ?? (status < 500 ? 'invalid' : 'internal');
  }
}

/** Returns the HTTP status of an error. */
export function statusOf(error: DomainError): number {
  return error instanceof StatusError ? error.status : STATUS[error.kind];
}
